"""One small model and benchmark for each kind of experiment that fornix is made for: templates for plugins, and tests.

Each module is a whole plugin: its cards, as they would stand in ``plugin.toml`` below the shared fields, and what would stand in
``plugin.py``. Three things differ in a real plugin: model, dataset and benchmark are distributions of their own, so that a
model cannot import what it is judged by; what is heavy is imported inside the hooks; and the measurements are measured.
Here they are simulated, so that the answer is known: the model of an example is the process that made its data.
"""
