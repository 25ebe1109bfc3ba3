"""Macaque V4 Utah-array responses to natural images, one dataset for each session (Cowley et al. 2023)."""
