"""The suite that ``fornix test`` runs on every plugin of a kind, on a contributor's machine and in CI alike.

A plugin adds what only it can know in ``tests/conformance.py``: a benchmark ``oracle(identifier, benchmark)``, which returns a
function from an Experiment to Responses (and ``best_raw(identifier)`` where its metric keeps an unceiled oracle below 1), a
metric of something else than neuroids ``examples(identifier, rng)``, which returns two pairs (source, target), ``identical``
and ``unrelated``. Being tests, these are not part of any behaviour hash. What fails ends in what to change.
"""
