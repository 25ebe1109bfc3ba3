"""What can be learned of a matrix as a whole: pure functions of its Dataset that return data and say what they left out.

Each has a function in :mod:`fornix.matrix.figures` that draws it.
"""

from fornix.matrix.analyses.arrangement import arranged
from fornix.matrix.analyses.correlations import benchmark_correlations
from fornix.matrix.analyses.profiles import layer_profiles, published_profile, stored_profile
from fornix.matrix.analyses.rankings import ranking
from fornix.matrix.analyses.trends import trend

__all__ = ["arranged", "benchmark_correlations", "layer_profiles", "published_profile", "ranking", "stored_profile", "trend"]
