"""Downsampled pixels: the control that every model of vision must beat."""
