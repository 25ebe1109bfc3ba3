"""Where the names of points go, so that none lies over another, over a point, or beyond the axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fornix.matrix.figures.look import LINE_MM, width_of

#: Half the width of a point, and how far names stand from it, in mm.
_POINT_MM: Final = 0.8
_AWAY_MM: Final = 1.1
#: How much nearer a name is to its point than to any other.
_CLOSER_MM: Final = 0.5
#: (x, y): which part of a name lies at its point: its right end, middle or left end, its top, middle or bottom.
_SIDES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


class Names:
    """Places for the names of points.

    Parameters
    ----------
    room : (float, float)
        Width and height of the axes in mm.
    points : (n, 2)
        In mm from the lower left corner.
    """

    def __init__(self, room: tuple[float, float], points: NDArray[np.float64]) -> None:
        self._room = room
        self._points = points
        self._clear = np.zeros((0, 2))

    def keep_clear(self, points: NDArray[np.float64]) -> None:
        """Prefer places that do not lie over these points of lines, (n, 2) in mm; NaN are of no line."""
        self._clear = np.concatenate([self._clear, points[np.isfinite(points).all(axis=1)]])

    def placed(self, texts: Sequence[str]) -> list[tuple[str, tuple[float, float]]]:
        """The names that have a place, each with its lower left corner in mm; first come, first served.

        Parameters
        ----------
        texts : sequence of str
            One for each point.
        """
        taken: list[tuple[float, float, float, float]] = []
        found = []
        for text, point in zip(texts, self._points, strict=True):
            boxes = self._boxes(point, width_of(text))
            free = [box for box in boxes if self._is_free(box, taken) and self._is_of(box, point)]
            if free:
                # min takes the first of equals: the nearest, to the right
                best = min(free, key=lambda box: _covered(self._clear, box))
                taken.append(best)
                found.append((text, (best[0], best[1])))
        return found

    def _boxes(self, point: NDArray[np.float64], wide: float) -> list[tuple[float, float, float, float]]:
        """(left, lower, right, upper) of each place around a point, the best first."""
        boxes = []
        for x, y in _SIDES:
            left = point[0] + x * _AWAY_MM + wide * (x - 1) / 2
            lower = point[1] + y * _AWAY_MM + LINE_MM * (y - 1) / 2
            boxes.append((left, lower, left + wide, lower + LINE_MM))
        return boxes

    def _is_free(self, box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]) -> bool:
        left, lower, right, upper = box
        if left < 0 or lower < 0 or right > self._room[0] or upper > self._room[1]:
            return False
        grown = (left - _POINT_MM, lower - _POINT_MM, right + _POINT_MM, upper + _POINT_MM)
        return not _covered(self._points, grown) and not any(
            left < other[2] and other[0] < right and lower < other[3] and other[1] < upper for other in taken
        )

    def _is_of(self, box: tuple[float, float, float, float], point: NDArray[np.float64]) -> bool:
        """Whether a reader would give the name to this point: no other is as near to it."""
        to_all = np.hypot(
            *(np.maximum(np.maximum(box[i] - self._points[:, i], self._points[:, i] - box[i + 2]), 0) for i in (0, 1))
        )
        others = to_all[(self._points != point).any(axis=1)]
        own = math.hypot(*(max(box[i] - point[i], point[i] - box[i + 2], 0.0) for i in (0, 1)))
        return not len(others) or own + _CLOSER_MM <= float(others.min())


def _covered(points: NDArray[np.float64], box: tuple[float, float, float, float]) -> int:
    """How many points lie in a box."""
    left, lower, right, upper = box
    x, y = points[:, 0], points[:, 1]
    return int(((x > left) & (x < right) & (y > lower) & (y < upper)).sum())
