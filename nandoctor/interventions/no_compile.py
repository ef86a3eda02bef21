"""The same step without torch.compile: whether a generated kernel is to blame."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _is_compiled(module: torch.nn.Module) -> bool:
    compiled = getattr(module, "_compiled_call_impl", None) is not None
    return compiled or type(module).__name__ == "OptimizedModule"


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if not any(_is_compiled(module) for module in target.model.modules()):
        return IRRELEVANT
    has_stance = hasattr(torch.compiler, "set_stance")
    return "" if has_stance else "this torch cannot switch compilation off"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    with torch.compiler.set_stance("force_eager"):
        yield target


INTERVENTION = Intervention("no_compile", "no torch.compile", _applies, _apply, cost=1.5)
