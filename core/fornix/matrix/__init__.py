"""The score matrix: assemble it from a store, aggregate it up the benchmark tree, write it out."""
