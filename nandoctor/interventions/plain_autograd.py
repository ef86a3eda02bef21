"""A hand-written autograd.Function differentiated by autograd instead of by its own backward."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute
from nandoctor.target import Intervention, ReplayTarget


class _Context:
    """Takes whatever a forward notes for its backward, and forgets it."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def _function_name(facts: ReplayFacts) -> str:
    """Return the class that the origin names: ``NormFn`` or ``NormFnBackward``."""
    origin = facts.origin
    names = [origin.forward_op or "", origin.op] if origin else []
    return next((name.removesuffix("Backward") for name in names if name[:1].isupper()), "")


def _function(name: str) -> type[torch.autograd.Function] | None:
    """Return the user's autograd.Function of that name."""
    stack: list[type] = [torch.autograd.Function]
    while stack:
        cls = stack.pop()
        if cls.__name__ == name and not cls.__module__.startswith("torch."):
            return cls
        stack += cls.__subclasses__()
    return None


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    name = _function_name(facts)
    return "" if name and facts.phase == "backward" and _function(name) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    cls = _function(_function_name(facts))
    assert cls is not None
    calls: list[bool] = []

    def apply(*args: Any) -> Any:
        calls.append(True)
        if "setup_context" in vars(cls):
            return cls.forward(*args)
        return cls.forward(_Context(), *args)

    with mock.patch.object(cls, "apply", apply), without_recompute():
        yield target
    if not calls:
        raise Inapplicable(f"{cls.__name__}.apply was not called through the class")
    remark(f"autograd through {cls.__name__}.forward")


INTERVENTION = Intervention(
    "plain_autograd", "autograd instead of the hand-written backward", _applies, _apply, cost=1.2
)
