"""std and var without Bessel's correction at the origin: that of one value is 0, not 0/0."""

from __future__ import annotations

from typing import Any

from nandoctor.interventions.at_origin import Cure
from nandoctor.interventions.site import Repair
from nandoctor.target import Intervention


def _uncorrected(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs.get("correction") == 0 or kwargs.get("unbiased") is False or _is_uncorrected(args):
        return NotImplemented
    kept = {k: v for k, v in kwargs.items() if k != "unbiased"}
    # A positional bool is ``unbiased``; a positional dim stays.
    positional = tuple(a for a in args if not isinstance(a, bool))
    dims = {"dim": positional[1]} if len(positional) > 1 else {}
    extra = {"keepdim": True} if _positional_keepdim(args) else {}
    return func(positional[0], **{**dims, **extra, **kept, "correction": 0})


def _is_uncorrected(args: tuple[Any, ...]) -> bool:
    flags = [a for a in args if isinstance(a, bool)]
    return bool(flags) and flags[0] is False  # the first positional bool is ``unbiased``


def _positional_keepdim(args: tuple[Any, ...]) -> bool:
    return len(args) == 4 and args[3] is True


_NAMES = ("std", "var", "std_mean", "var_mean")
REPAIRS: dict[str, Repair] = dict.fromkeys(_NAMES, _uncorrected)
CONTAINS = dict.fromkeys(_NAMES, ("std", "var", "std_mean", "var_mean"))


_CURE = Cure(REPAIRS, CONTAINS)
INTERVENTION = Intervention(
    "correction0", "std without Bessel's correction", _CURE.applies, _CURE.apply, cost=2
)
