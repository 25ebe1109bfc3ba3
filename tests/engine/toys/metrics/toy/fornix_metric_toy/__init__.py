"""A toy metric for the tests of the engine."""
