"""A hand-written autograd.Function differentiated by autograd instead of by its own backward."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.custom_function import custom_function
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute
from nandoctor.target import Intervention, ReplayTarget


class _Context:
    """Takes whatever a forward notes for its backward, and forgets it."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    is_custom = facts.phase == "backward" and custom_function(facts.origin) is not None
    return "" if is_custom else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    cls = custom_function(facts.origin)
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
