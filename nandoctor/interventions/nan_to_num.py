"""Non-finite results of the guilty op replaced by numbers: the symptom hidden, nothing cured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from nandoctor.batches import map_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.arguments import is_in_place
from nandoctor.interventions.op_names import canonical, ops_of
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.site import Scope
from nandoctor.target import Intervention, ReplayTarget


class _Hiding(torch.overrides.TorchFunctionMode):
    def __init__(self, facts: ReplayFacts) -> None:
        super().__init__()
        assert facts.origin is not None and facts.origin.source is not None
        self.ops = ops_of(facts.origin)
        self.scope = Scope(facts.origin.source)
        self.num_hidden = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = canonical(getattr(func, "__name__", ""))
        if name not in self.ops or not self.scope.has_caller():
            return func(*args, **kwargs)
        self.num_hidden += 1
        if not is_in_place(func):
            args = map_tensors(args, _with_hidden_gradient)
        return map_tensors(func(*args, **kwargs), _hidden)


def _zeroed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.nan_to_num(0.0, 0.0, 0.0)


def _hidden(tensor: torch.Tensor) -> torch.Tensor:
    return _zeroed(tensor) if tensor.is_floating_point() else tensor


def _with_hidden_gradient(tensor: torch.Tensor) -> torch.Tensor:
    if not tensor.requires_grad:
        return tensor
    copy = tensor.clone()
    copy.register_hook(_zeroed)  # type: ignore[no-untyped-call]
    return copy


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or facts.phase not in ("forward", "backward"):
        return IRRELEVANT
    return "" if facts.origin.source else "the origin has no source line"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    mode = _Hiding(facts)
    with without_recompute(), mode:
        yield target
    if not mode.num_hidden:
        raise Inapplicable("the guilty op was not called from its line")


INTERVENTION = Intervention(
    "nan_to_num", "non-finite results hidden", _applies, _apply, cost=5.0, hides=True
)
