"""Linear maps from a source to targets: what estimators see of a source, and the solvers of every regression."""
