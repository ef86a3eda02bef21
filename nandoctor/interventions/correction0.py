"""std and var without Bessel's correction at the origin: that of one value is 0, not 0/0."""

from __future__ import annotations

import contextlib
from typing import Any

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.site import Repair, applies_at, at_origin
from nandoctor.target import Intervention, ReplayTarget


def _uncorrected(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs.get("correction") == 0 or kwargs.get("unbiased") is False or False in args[1:]:
        return NotImplemented
    kept = {k: v for k, v in kwargs.items() if k != "unbiased"}
    # A positional bool is ``unbiased``; a positional dim stays.
    positional = tuple(a for a in args if not isinstance(a, bool))
    dims = {"dim": positional[1]} if len(positional) > 1 else {}
    extra = {"keepdim": True} if _positional_keepdim(args) else {}
    return func(positional[0], **{**dims, **extra, **kept, "correction": 0})


def _positional_keepdim(args: tuple[Any, ...]) -> bool:
    return len(args) == 4 and args[3] is True


_NAMES = ("std", "var", "std_mean", "var_mean")
REPAIRS: dict[str, Repair] = dict.fromkeys(_NAMES, _uncorrected)
CONTAINS = dict.fromkeys(_NAMES, ("std", "var", "std_mean", "var_mean"))


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return applies_at(facts, REPAIRS, CONTAINS)


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return at_origin(target, facts, REPAIRS, CONTAINS)


INTERVENTION = Intervention("correction0", "std without Bessel's correction", _applies, _apply)
