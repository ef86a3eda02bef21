"""The corrupt buffers restored: from the last good checkpoint, else their bad elements only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.interventions.repair import healed
from nandoctor.interventions.tensors import replaced_values
from nandoctor.step import is_float_tensor
from nandoctor.target import Intervention, ReplayTarget

_DIVISORS = ("std", "scale", "sigma", "running_std")


def stored_tensors(model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the buffers, and the tensors that are plain attributes of a module."""
    yield from model.named_buffers()
    for path, module in model.named_modules():
        for key, value in vars(module).items():
            if isinstance(value, torch.Tensor):
                yield f"{path}.{key}" if path else key, value


def corrupt_buffers(target: ReplayTarget) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return each corrupt buffer with the mask of its bad elements.

    A -inf is a mask, not damage; a variance below zero and a scale of zero are damage although
    they are finite.
    """
    found = {}
    for name, buffer in stored_tensors(target.model):
        if not is_float_tensor(buffer):
            continue
        tensor = buffer.detach()
        bad = torch.isnan(tensor) | (tensor == float("inf"))
        if name.endswith("running_var"):
            bad |= tensor < 0
        elif name.endswith(_DIVISORS) and bool((tensor > 0).any()):
            bad |= tensor <= 0
        if bool(bad.any()):
            found[name] = (tensor, bad)
    return found


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if corrupt_buffers(target) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    corrupt = corrupt_buffers(target)
    remark(", ".join(corrupt))
    new = [(t, healed(name, t, bad, target)) for name, (t, bad) in corrupt.items()]
    with replaced_values(new):
        yield target


INTERVENTION = Intervention("reset_buffer", "corrupt buffers restored", _applies, _apply)
