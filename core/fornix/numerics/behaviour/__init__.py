"""Decisions of people and models on the same stimuli, and the scores that compare them."""
