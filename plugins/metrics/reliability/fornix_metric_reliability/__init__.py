"""Metrics of reliability."""
