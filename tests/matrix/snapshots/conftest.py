"""A bucket at an endpoint with faults to order, as the tests of the store have it."""

from tests.store.conftest import *  # noqa: F403 - its fixtures
