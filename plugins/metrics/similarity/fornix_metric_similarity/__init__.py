"""Representational similarity: how well a model's dissimilarities between stimuli agree with measured ones."""
