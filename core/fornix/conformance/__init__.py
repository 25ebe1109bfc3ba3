"""The suite that ``fornix test`` runs on every plugin of a kind, on a contributor's machine and in CI alike.

A plugin adds what only it can know in ``tests/conformance.py``: a benchmark ``oracle(identifier, benchmark)`` (and
``best_raw(identifier)`` where its metric keeps an unceiled oracle below 1), a metric of something else than neuroids
``examples(identifier, rng)``. Being tests, these are not part of any behaviour hash.
"""
