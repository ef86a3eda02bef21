"""The double where: the guilty op sees a harmless number wherever a later mask drops its result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.choices import ChoiceWatch, kept_elements
from nandoctor.interventions.op_names import canonical, ops_of
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.site import Scope
from nandoctor.snapshot import preserved
from nandoctor.step import forward, started
from nandoctor.target import Intervention, ReplayTarget

_SAFE = {
    **dict.fromkeys(("exp", "expm1", "exp2", "sinh", "cosh", "acos", "asin", "atanh"), (0, 0.0)),
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "pow", "acosh"), (0, 1.0)),
    **dict.fromkeys(("log1p", "tan", "erfinv", "square", "softplus"), (0, 0.0)),
    **dict.fromkeys(("div", "xlogy", "atan2"), (1, 1.0)),
    **dict.fromkeys(("norm", "lgamma", "logit"), (0, 0.5)),
}
"""Which argument of an op to make safe, and the number that is harmless there."""


class _Substitute(TorchFunctionMode):
    """Runs the guilty op on harmless numbers where its result is dropped."""

    def __init__(self, ops: set[str], scope: Scope, kept: list[torch.Tensor | None]) -> None:
        super().__init__()
        self.ops, self.scope, self.kept = ops, scope, kept
        self.calls = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = canonical(getattr(func, "__name__", ""))
        if name in self.ops and self.scope.has_caller():
            kept = self.kept[self.calls] if self.calls < len(self.kept) else None
            self.calls += 1
            index, safe = _SAFE[name]
            if getattr(func, "__name__", "").startswith("__r"):
                index = 0
            if kept is not None and len(args) > index and isinstance(args[index], torch.Tensor):
                new = torch.where(kept, args[index], safe)
                args = (*args[:index], new.to(args[index].dtype), *args[index + 1 :])
        return func(*args, **(kwargs or {}))


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or not ops_of(facts.origin) & set(_SAFE):
        return IRRELEVANT
    return "" if facts.origin.source else "the origin has no source line"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert facts.origin is not None and facts.origin.source is not None
    scope = Scope(facts.origin.source)
    ops = ops_of(facts.origin) & set(_SAFE)
    watch = ChoiceWatch(ops, scope)
    with without_recompute():
        with preserved(target), started(target) as batch, watch:
            forward(target, batch)
        kept = kept_elements(watch)
        if not any(mask is not None for mask in kept):
            raise Inapplicable("no where or mask drops results of the guilty op")
        remark(f"where before {', '.join(sorted(ops))}{scope}")
        with _Substitute(ops, scope, kept):
            yield target


INTERVENTION = Intervention("safe_where", "a where before the guilty op", _applies, _apply, cost=2)
