"""Calibration of fornix: predictivity of a simulated brain whose ground truth is known."""
