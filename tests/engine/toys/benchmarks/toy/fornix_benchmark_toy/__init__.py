"""A toy benchmark for the tests of the engine."""
