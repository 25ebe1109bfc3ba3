"""A simulated brain with known ground truth: textures shown to a small random network, with noise."""
