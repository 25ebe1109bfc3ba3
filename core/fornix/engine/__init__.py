"""Plan, then run: which cells are missing or stale, and getting them computed."""
