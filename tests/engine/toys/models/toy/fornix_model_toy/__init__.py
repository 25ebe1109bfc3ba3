"""A toy model for the tests of the engine."""
