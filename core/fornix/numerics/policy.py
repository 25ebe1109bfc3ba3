"""What numbers mean here: the numeric policy and the revisions that are part of every key. Imports nothing."""

from typing import Final

#: Forward passes in float32 without TF32 or autocast, deterministic algorithms; scoring in float64.
NUMERIC_POLICY: Final = "float32-forward:no-tf32:no-autocast:deterministic:float64-scoring"
#: Bumped when the same model and stimuli would give other responses. A golden-value test fails if it was forgotten.
EXTRACTION_REVISION: Final = 1
#: Bumped when the same responses and recordings would give other scores. A golden-value test fails if it was forgotten.
SCORING_REVISION: Final = 3
