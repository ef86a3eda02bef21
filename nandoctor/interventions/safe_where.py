"""The double where: the guilty op sees a harmless number wherever a later mask drops its result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nandoctor.evidence import ReplayFacts
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


@dataclass
class _Watch(TorchFunctionMode):
    """Records the results of the guilty op and the masks that later drop elements."""

    ops: set[str]
    scope: Scope
    results: list[torch.Tensor] = field(default_factory=list)
    choices: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)
    chosen: set[Any] = field(default_factory=set)
    """Graph nodes of what came out of a choice: what lies behind them was chosen already."""

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self._note_choice(getattr(func, "__name__", ""), args, result)
        if canonical(getattr(func, "__name__", "")) in self.ops and self.scope.has_caller():
            self.results.append(result)
        return result

    def _note_choice(self, name: str, args: tuple[Any, ...], result: Any) -> None:
        before = len(self.choices)
        self._note_branches(name, args)
        if len(self.choices) > before and isinstance(result, torch.Tensor):
            self.chosen.add(result.grad_fn)

    def _note_branches(self, name: str, args: tuple[Any, ...]) -> None:
        tensors = [isinstance(a, torch.Tensor) for a in args]
        if name == "where" and len(args) == 3:
            for branch, kept in ((args[1], args[0]), (args[2], ~args[0])):
                if isinstance(branch, torch.Tensor):
                    self.choices.append((branch, kept))
        elif name.startswith("masked_fill") and tensors[:2] == [True, True]:
            self.choices.append((args[0], ~args[1]))
        elif name == "__getitem__" and _is_mask(args[1]):
            self.choices.append((args[0], args[1]))


def _is_mask(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype == torch.bool


def _depends(tensor: torch.Tensor, on: torch.Tensor, chosen: set[Any]) -> bool:
    """Whether a tensor was computed from another one without a choice in between."""
    if tensor is on:
        return True
    goal, stack, seen = on.grad_fn, [tensor.grad_fn], set()
    while stack and goal is not None:
        node = stack.pop()
        if node is None or node in seen or node in chosen:
            continue
        if node is goal:
            return True
        seen.add(node)
        stack += [parent for parent, _ in node.next_functions]
    return False


def _kept(watch: _Watch) -> list[torch.Tensor | None]:
    """Return, for each call of the guilty op, the mask of the elements that are used."""
    masks: list[torch.Tensor | None] = []
    for result in watch.results:
        found = [
            kept.expand(result.shape)
            for branch, kept in watch.choices
            if _fits(kept, result) and _depends(branch, result, watch.chosen)
        ]
        masks.append(torch.stack(found).any(0) if found else None)
    return masks


def _fits(mask: torch.Tensor, result: torch.Tensor) -> bool:
    sizes = zip(reversed(mask.shape), reversed(result.shape), strict=False)
    return mask.ndim <= result.ndim and all(m in (1, r) for m, r in sizes)


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
    watch = _Watch(ops, scope)
    with without_recompute():
        with preserved(target), started(target) as batch, watch:
            forward(target, batch)
        kept = _kept(watch)
        if not any(mask is not None for mask in kept):
            raise Inapplicable("no where or mask drops results of the guilty op")
        remark(f"where before {', '.join(sorted(ops))}{scope}")
        with _Substitute(ops, scope, kept):
            yield target


INTERVENTION = Intervention("safe_where", "a where before the guilty op", _applies, _apply, cost=2)
