"""Parameters that a loss function holds beside the model: those of a criterion, a temperature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

_DEEPEST = 4
"""How many functions inside functions are looked into."""


def captured_parameters(function: Any, depth: int = _DEEPEST) -> Iterator[torch.nn.Parameter]:
    """Yield the parameters in a function's closure, defaults and bound arguments."""
    if isinstance(function, partial):
        held = [function.func, *function.args, *function.keywords.values()]
    else:
        cells = getattr(function, "__closure__", None) or ()
        held = [cell.cell_contents for cell in cells if _is_set(cell)]
        held += getattr(function, "__defaults__", None) or ()
        held += [getattr(function, "__self__", None)]
    for value in held:
        if isinstance(value, torch.nn.Module):
            yield from value.parameters()
        elif isinstance(value, torch.nn.Parameter):
            yield value
        elif callable(value) and depth > 1:
            yield from captured_parameters(value, depth - 1)


def _is_set(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is not bound yet
        return False
