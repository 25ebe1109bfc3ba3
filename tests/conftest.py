"""For all tests of the core: markers and the rule that CI does not skip what the mirror could serve."""

pytest_plugins = ["fornix.conformance.pytest_plugin"]
