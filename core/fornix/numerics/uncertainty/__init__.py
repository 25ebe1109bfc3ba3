"""Errors and intervals of scores, and where the replicates they come from are made."""
