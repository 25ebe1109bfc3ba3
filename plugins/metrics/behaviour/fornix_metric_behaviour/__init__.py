"""Metrics of behaviour."""
