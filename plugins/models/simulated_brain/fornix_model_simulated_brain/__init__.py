"""The model that generated the simulated brain, corrupted copies of it in a known order, and a model of nothing."""
