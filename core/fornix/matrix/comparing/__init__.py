"""Comparing models on a matrix: pairs of them, rankings with intervals, and how much of a ranking would come out again."""
