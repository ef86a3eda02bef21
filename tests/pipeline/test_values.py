"""Metrics as Python values: every usual container is taken, what is no series is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import nandoctor
from nandoctor.errors import UnreadableInputError

LOSSES = [2.1, 2.3, 2.8, 4.5, 12.3, 89.7, float("nan")]
PANDAS = pytest.importorskip("pandas")


@pytest.mark.parametrize(
    "values",
    [
        np.array(LOSSES, np.float32),
        np.array(LOSSES).reshape(-1, 1),
        torch.tensor(LOSSES, requires_grad=True),
        [torch.tensor(loss, requires_grad=True) for loss in LOSSES],
        PANDAS.Series(LOSSES, index=range(7, 14)),
        (loss for loss in LOSSES),
    ],
    ids=["numpy", "column", "tensor", "tensors", "series", "generator"],
)
def test_classify_any_container_gives_the_same_pattern(values: Any) -> None:
    """Arrays, tensors, Series and generators read like the list."""
    found = nandoctor.classify(values).to_dict()["pattern"]
    assert found == nandoctor.classify(LOSSES).to_dict()["pattern"]


def test_classify_missing_values_of_pandas_are_not_logged() -> None:
    """NA is None: not logged, not NaN."""
    values = PANDAS.Series([3.0, None, 2.9, PANDAS.NA, 2.8], dtype="Float64")
    assert nandoctor.classify(values).to_dict()["pattern"]["outcome"] == "healthy"


def test_classify_integer_beyond_floats_is_inf() -> None:
    """An integer that no float holds is an overflow, not an error of ours."""
    assert nandoctor.classify([3, 2, 10**400]).to_dict()["pattern"]["outcome"] == "inf"


@pytest.mark.parametrize(
    ("losses", "options"),
    [
        (3.0, {}),
        (None, {}),
        ({1: 2.0}, {}),
        (b"12", {}),
        (["a"], {}),
        ([[1.0], [2.0]], {}),
        (np.ones((4, 4)), {}),
        (LOSSES, {"grad_norm": [1.0]}),
        (LOSSES, {"lr": 1e-3}),
        (LOSSES, {"steps": [1, 2]}),
        (LOSSES, {"steps": [None] * 7}),
        (LOSSES, {"steps": [2**80] * 7}),
    ],
)
def test_classify_no_series_is_refused_in_one_sentence(
    losses: Any, options: dict[str, Any]
) -> None:
    """What is no flat series of numbers, one a loss, is named."""
    with pytest.raises(UnreadableInputError) as refused:
        nandoctor.classify(losses, **options)
    assert refused.value.hint and "\n" not in refused.value.message


def test_classify_steps_that_go_back_begin_a_run() -> None:
    """Two runs in one list are judged each on its own, as in a file."""
    losses = [9.0, 8.0, 7.0, 6.5, *LOSSES]
    found = nandoctor.classify(losses, steps=[0, 1, 2, 3, *range(7)]).to_dict()["pattern"]
    assert [segment["outcome"] for segment in found["segments"]] == ["healthy", "nan"]
