"""The guilty module alone in float32: its parameters and what goes in; out goes what came."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch

from nandoctor.batches import map_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.autocast import autocast_dtype
from nandoctor.interventions.dtypes import LOW, low_dtypes
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.tensors import converted_model
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or not low_dtypes(target, facts):
        return IRRELEVANT
    if facts.phase not in ("forward", "backward"):
        return IRRELEVANT
    if facts.origin.module not in dict(target.model.named_modules()):
        return IRRELEVANT
    return "" if facts.origin.module else "the origin lies in no module of its own"


def _raised(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype in LOW else tensor


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert facts.origin is not None
    module = target.model.get_submodule(facts.origin.module)
    forward = module.forward
    calls: list[bool] = []

    def in_fp32(*args: Any, **kwargs: Any) -> Any:
        tensors = [a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)]
        low = {t.dtype for t in tensors if t.dtype in LOW}
        calls.append(True)
        device = tensors[0].device.type if tensors else "cpu"
        with torch.autocast(device, enabled=False), autocast_dtype(device, None):
            out = forward(*map_tensors(args, _raised), **map_tensors(kwargs, _raised))
        # Under autocast the next op casts for itself; in a 16-bit model nobody would.
        if len(low) != 1 or not is_low_model:
            return out
        (dtype,) = low
        return map_tensors(out, lambda t: t.to(dtype) if t.dtype == torch.float32 else t)

    is_low_model = any(p.dtype in LOW for p in target.model.parameters())
    with (
        converted_model(module, _raised),
        mock.patch.object(module, "forward", in_fp32),
        without_recompute(),
    ):
        yield target
    if not calls:
        raise Inapplicable(f"{facts.origin.module} is not called through its forward")


INTERVENTION = Intervention("fp32_module", "the guilty module in float32", _applies, _apply)
