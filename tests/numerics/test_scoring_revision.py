"""Golden values: when scores move, SCORING_REVISION must be raised and these digits written anew.

They are a record of whole scores, with their errors, under formula-made responses (``golden_scores``); that each number is
right is shown elsewhere. Where only a metric plugin changed, its own hash makes cells stale: then new digits are enough.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from fornix.numerics.policy import SCORING_REVISION
from tests.numerics.golden_scores import SCORES

pytest.importorskip("sklearn")

#: Revision -> score -> (value, standard error).
GOLDEN: dict[int, dict[str, tuple[float, float]]] = {
    3: {
        "ridge": (0.926302198, 0.076631886),
        "ridge, penalty chosen, from a Gram": (0.924524957, 0.0743520334),
        "ridge, penalty chosen by groups left out": (0.714306673, 0.237379124),
        "ridge, delays": (0.637924501, 0.215153119),
        "banded_ridge": (0.924708844, 0.0737762216),
        "pls": (0.931677201, 0.117995137),
        "linear": (0.924673166, 0.0736416806),
        "neuron_to_neuron": (0.625186997, 0.124955773),
        "rdm": (0.615851322, 0.0437125293),
        "rdm, tau-a": (0.434256642, 0.0333239676),
        "rdm, cosine of euclidean distances": (0.935619293, 0.0105079153),
        "rdm, crossnobis": (0.588195743, 0.0347554371),
        "rdm, over time bins": (0.674103559, 0.0363051178),
        "rdm, 4 subjects": (0.607706834, 0.0575482462),
        "rdm, 9 subjects": (0.602862082, 0.0432693921),
        "cka": (0.580939652, 0.0502690679),
        "cka, biased": (0.594810496, 0.0456083747),
        "procrustes": (0.439046253, 0.0241410787),
        "pearson": (0.642565409, 0.0905787596),
        "internal_consistency": (0.945615698, 0.0905909476),
        "internal_consistency, subjects": (0.967034015, 0.0314799758),
        "noise_ceiling": (0.940456536, 0.0835753901),
        "rsa_ceiling, 2 subjects": (0.903979625, 0.0125680006),
        "rsa_ceiling, 4 subjects": (0.81751039, 0.113527526),
        "rsa_ceiling, 9 subjects": (0.713992012, 0.058594219),
        "r|r|/c": (0.907383163, 0.0707661669),
        "mean(r_i|r_i|/c_i)": (0.841271685, 0.0583531004),
        "mean(r_i/sqrt(c_i))": (0.913624398, 0.0332968654),
        "mean(s_j/c_j)": (0.753791165, 0.0456089872),
        "error_consistency / ceiling": (0.446017699, 0.243233004),
        "error_consistency / ceiling, 2 subjects": (1.87446178, 1.02112281),
        "error_consistency / ceiling, 9 subjects": (1.12780612, 0.159378664),
        "accuracy above chance": (0.35, 0.096769865),
        "accuracy_distance / ceiling": (1.022855, 0.0565725559),
        "i1 / sqrt(ceiling)": (0.66588731, 0.112079628),
        "i2n / sqrt(ceiling)": (0.63823715, 0.098633652),
        "threshold / ceiling, 2 subjects": (1.15292831, 0.183478154),
        "threshold / ceiling": (1.22953073, 0.0714319187),
        "threshold / ceiling, 9 subjects": (1.16752972, 0.0831769845),
        "threshold_elevation / ceiling": (1.14057977, 0.147280052),
        "value_delta / ceiling": (1.1775955, 0.135591249),
    },
}


@cache
def computed(name: str) -> tuple[float, float]:
    score = SCORES[name]()
    return score.value, score.error


def test_every_score_has_its_digits() -> None:
    assert set(GOLDEN[max(GOLDEN)]) == set(SCORES)


@pytest.mark.parametrize("name", SCORES)
def test_scores_move_only_with_the_revision(name: str) -> None:
    assert SCORING_REVISION in GOLDEN, "SCORING_REVISION was raised: write the new golden values in the old ones' place"
    np.testing.assert_allclose(
        computed(name),
        GOLDEN[SCORING_REVISION][name],
        rtol=1e-6,
        err_msg=f"{name} moved: if this is meant, raise SCORING_REVISION in numerics/policy.py and write the new digits here",
    )
