"""Snapshots: the matrix as a published, versioned, immutable folder of plain files that any program can read."""
