"""Golan2023: preferences between controversial sentence pairs."""
