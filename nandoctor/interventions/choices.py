"""Which elements of an op's result a later where, mask or index uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nandoctor.interventions.op_names import canonical
from nandoctor.interventions.site import Scope


@dataclass
class ChoiceWatch(TorchFunctionMode):
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


def kept_elements(watch: ChoiceWatch) -> list[torch.Tensor | None]:
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
