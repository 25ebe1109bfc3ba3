"""Figures for papers: each draws what a function of :mod:`fornix.matrix.analyses` returns, in one look, with its uncertainty.

All need matplotlib (``pip install 'fornix[plot]'``), which is imported when something is drawn.
"""

from fornix.matrix.figures.correlations import draw_correlations
from fornix.matrix.figures.look import save
from fornix.matrix.figures.profiles import draw_profiles, profile_png
from fornix.matrix.figures.rankings import draw_ranking
from fornix.matrix.figures.tiles import draw_matrix
from fornix.matrix.figures.trends import draw_trend

__all__ = ["draw_correlations", "draw_matrix", "draw_profiles", "draw_ranking", "draw_trend", "profile_png", "save"]
