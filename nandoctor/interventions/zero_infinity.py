"""CTC with ``zero_infinity=True``: a target that fits no alignment costs nothing."""

from __future__ import annotations

import contextlib
from typing import Any

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.site import Repair, applies_at, at_origin
from nandoctor.target import Intervention, ReplayTarget


def _zeroed(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Set the flag, the 7th argument of both F.ctc_loss and torch.ctc_loss."""
    if len(args) > 6:
        return func(*args[:6], True, *args[7:], **kwargs)
    return func(*args, **{**kwargs, "zero_infinity": True})


REPAIRS: dict[str, Repair] = {"ctc_loss": _zeroed}
CONTAINS = {"ctc_loss": ("ctc_loss", "mean", "div", "sum", "where")}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or "ctc" not in f"{facts.origin.op}{facts.origin.forward_op}":
        return "-"
    return applies_at(facts, REPAIRS, CONTAINS)


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return at_origin(target, facts, REPAIRS, CONTAINS)


INTERVENTION = Intervention("zero_infinity", "CTC with zero_infinity", _applies, _apply)
