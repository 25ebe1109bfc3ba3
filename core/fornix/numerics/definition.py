"""Which of two definitions a number follows."""

from typing import Literal

#: Ours, or Brain-Score's: the numbers it published, whatever is thought of them.
Definition = Literal["default", "brainscore"]
