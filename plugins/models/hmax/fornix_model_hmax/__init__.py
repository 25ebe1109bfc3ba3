"""An HMAX-style hierarchy (S1, C1, S2, C2) with seeded templates."""
