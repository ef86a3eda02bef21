"""No dropout, everything else in train mode."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.interventions.site import Repair, repaired_calls
from nandoctor.target import Intervention, ReplayTarget


def _without(index: int, name: str, default: float) -> Repair:
    def repair(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = args[index] if len(args) > index else kwargs.get(name, default)
        if not given:
            return NotImplemented
        if len(args) > index:
            return func(*args[:index], 0.0, *args[index + 1 :], **kwargs)
        return func(*args, **{**kwargs, name: 0.0})

    return repair


_DROPOUTS = (
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "dropout_",
)  # fmt: skip
_REPAIRS: dict[str, Repair] = {
    **dict.fromkeys(_DROPOUTS, _without(1, "p", 0.5)),
    "scaled_dot_product_attention": _without(4, "dropout_p", 0.0),
}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase in ("batch", "parameters", "optimizer"):
        return IRRELEVANT
    dropouts = [m for m in target.model.modules() if "Dropout" in type(m).__name__ and m.training]
    return "" if any(getattr(m, "p", 0) for m in dropouts) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    with repaired_calls(_REPAIRS, None, "the step drops nothing"):
        yield target


INTERVENTION = Intervention("no_dropout", "no dropout", _applies, _apply, cost=1.2)
