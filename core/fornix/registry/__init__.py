"""Cards, discovery without import, pluggy hooks, behaviour hashes and plugin environments."""
