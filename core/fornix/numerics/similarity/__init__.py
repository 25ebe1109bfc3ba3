"""Similarity of two sets of responses: dissimilarities and how they agree, CKA, Procrustes, ceilings of RSA."""
