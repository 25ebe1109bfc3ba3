"""Comparing scores that were resampled together: differences and their tests, ranks with intervals, reliability."""
