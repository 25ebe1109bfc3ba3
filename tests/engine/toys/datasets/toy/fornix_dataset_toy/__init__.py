"""A toy dataset for the tests of the engine."""
