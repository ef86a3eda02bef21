"""The corrupt parameters restored: from the last good checkpoint, else their bad elements only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.interventions.repair import healed, outliers
from nandoctor.interventions.tensors import replaced_values
from nandoctor.step import is_float_tensor
from nandoctor.target import Intervention, ReplayTarget


def corrupt_parameters(target: ReplayTarget) -> dict[str, torch.Tensor]:
    """Return the parameters with elements that no training leaves there."""
    named = {n: p.detach() for n, p in target.model.named_parameters() if is_float_tensor(p)}
    return {name: tensor for name, tensor in named.items() if bool(outliers(tensor).any())}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if corrupt_parameters(target) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    corrupt = corrupt_parameters(target)
    remark(", ".join(corrupt))
    new = [(t, healed(name, t, outliers(t), target)) for name, t in corrupt.items()]
    with replaced_values(new):
        yield target


INTERVENTION = Intervention("reset_param", "corrupt parameters restored", _applies, _apply)
