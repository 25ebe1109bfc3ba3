"""A simulated brain with known ground truth, recorded with noise, and models of it in a known order."""
