"""Non-finite numbers beside the model: what they tell, and which are meant."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import builders
import pytest

from nandoctor.evidence import Evidence
from nandoctor.rules import nonfinite_state


def severities(*tensors: Any, **config: float) -> dict[str, str]:
    """Return what the rule says of a checkpoint with these tensors and scalars."""
    facts = builders.checkpoint(tensors=tensors)
    facts = replace(facts, training=replace(facts.training, config=config))
    found = nonfinite_state.check(Evidence("inspect", checkpoints=(facts,)))
    return {finding.where: finding.severity for finding in found}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nonfinite_state_recorded_loss_is_a_warning(value: float) -> None:
    """A plain number or a tensor of one; the best loss starts at infinity on purpose."""
    one = builders.tensor("grad_norm", role="other", shape=(), numel=1, num_posinf=1)
    assert severities(one, loss=value, best_loss=math.inf, lr=0.1) == {
        "loss": "warning", "grad_norm": "warning",
    }  # fmt: skip


def test_nonfinite_state_tensor_is_judged_by_its_role() -> None:
    """Statistics and the scaler matter; masks and batches may be meant; others' roles are left."""
    tensors = [
        builders.tensor("scaler.scale", role="scaler", shape=(), numel=1, num_posinf=1),
        builders.tensor("stats.mean", role="other", num_nan=1),
        builders.tensor("causal", role="other", num_neginf=9),
        builders.tensor("batch.x", role="batch", num_nan=1),
        builders.tensor("fc.weight", num_nan=1),
        builders.tensor("losses", role="history", num_nan=1),
    ]
    assert severities(*tensors) == {
        "scaler.scale": "warning", "stats.mean": "warning", "causal": "note", "batch.x": "note",
    }  # fmt: skip
