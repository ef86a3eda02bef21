"""Changing one argument of a call: by position or keyword, in-place calls included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from nandoctor.interventions.site import Repair

_EPS = {torch.float16: 1e-4, torch.float64: 1e-12}
_DEFAULT_EPS = 1e-6


def eps_of(dtype: torch.dtype) -> float:
    """Return an eps that this dtype can hold and whose reciprocal it can hold too."""
    return _EPS.get(dtype, _DEFAULT_EPS)


def step_at_one(dtype: torch.dtype) -> float:
    """Return a distance from 1 that this dtype resolves."""
    return max(1e-6, 4 * torch.finfo(dtype).eps) if dtype.is_floating_point else 1e-6


def is_real(value: Any) -> bool:
    """Whether a value is a floating-point tensor."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def argument(index: int, change: Callable[[Any], Any], *names: str) -> Repair:
    """Return a repair that replaces one argument; ``change`` may return NotImplemented.

    Args:
        index: Position of the argument.
        change: Old value to new value.
        names: Keywords that the argument may come under.
    """

    def repair(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        keyword = next((name for name in names if name in kwargs), None)
        if keyword is None and len(args) <= index:
            return NotImplemented
        in_place = index == 0 and is_in_place(func) and isinstance(args[0], torch.Tensor)
        # What the change keeps for its backward must outlive the write into the original.
        new = change(kwargs[keyword] if keyword else args[0].clone() if in_place else args[index])
        if new is NotImplemented:
            return NotImplemented
        if keyword:
            return func(*args, **{**kwargs, keyword: new})
        result = func(*args[:index], new, *args[index + 1 :], **kwargs)
        return args[0].copy_(result) if in_place else result

    return repair


def is_in_place(func: Any) -> bool:
    """Whether a torch function writes into its first argument."""
    name = getattr(func, "__name__", "")
    return name.endswith("_") and not name.endswith("__")


def raised_keyword(index: int, default: float | None = None) -> Repair:
    """Return a repair that raises the ``eps`` of a function to what the dtype can feel."""

    def repair(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not args or not is_real(args[0]):
            return NotImplemented
        least = eps_of(args[0].dtype)
        given = args[index] if len(args) > index else kwargs.get("eps", default)
        if given is not None and given >= least:
            return NotImplemented
        if len(args) > index:
            return func(*args[:index], least, *args[index + 1 :], **kwargs)
        return func(*args, **{**kwargs, "eps": least})

    return repair
