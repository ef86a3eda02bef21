"""Changing the calls of torch functions above autograd, everywhere or on one source line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode

from nandoctor.evidence import Source
from nandoctor.interventions.outcome import Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute

Repair = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
"""``(function, args, kwargs) -> result``; ``NotImplemented`` = nothing to change in this call."""

_TORCH = str(Path(torch.__file__).parent) + os.sep
_OURS = str(Path(__file__).parent.parent) + os.sep


@dataclass(frozen=True)
class Scope:
    """Where calls are repaired: on one line, or in the function that the line stands in."""

    source: Source
    whole_function: bool = False

    def has_caller(self) -> bool:
        """Whether the innermost frame outside torch stands in this scope."""
        frame = calling_frame()
        if frame is None or _absolute(frame.f_code.co_filename) != self.source.file:
            return False
        if frame.f_lineno == self.source.line:
            return True
        return self.whole_function and self.source.line in _lines(frame.f_code)

    def __str__(self) -> str:
        name = f"{Path(self.source.file).name}:{self.source.line}"
        return f" in the function at {name}" if self.whole_function else f" at {name}"


class CallMode(TorchFunctionMode):
    """Sends the calls of some torch functions through a repair.

    Args:
        repairs: By function name (``div``, ``__rdiv__``, ``log_``, ``normalize``).
        scope: Only calls made from there, directly or inside torch; None = all.
    """

    def __init__(self, repairs: Mapping[str, Repair], scope: Scope | None) -> None:
        super().__init__()
        self.repairs = repairs
        self.scope = scope
        self.changed: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        repair = self.repairs.get(name)
        if repair is not None and (self.scope is None or self.scope.has_caller()):
            result = repair(func, tuple(args), kwargs)
            if result is not NotImplemented:
                self.changed.add(name.strip("_"))
                return result
        return func(*args, **kwargs)


def calling_frame() -> FrameType | None:
    """Return the innermost frame outside torch and nandoctor."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_foreign(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


@lru_cache(maxsize=4096)
def _lines(code: CodeType) -> frozenset[int]:
    return frozenset(line for _, _, line in code.co_lines() if line is not None)


@lru_cache(maxsize=4096)
def _is_foreign(filename: str) -> bool:
    return filename.startswith((_TORCH, _OURS, "<frozen", "<string"))


@lru_cache(maxsize=4096)
def _absolute(filename: str) -> str:
    return filename if filename.startswith("<") else str(Path(filename).absolute())


@contextlib.contextmanager
def repaired_calls(
    repairs: Mapping[str, Repair], scope: Scope | None, missed: str
) -> Iterator[None]:
    """Run the block with these calls repaired.

    Raises:
        Inapplicable: The block ended without an error and no call was changed.
    """
    mode = CallMode(repairs, scope)
    with without_recompute(), mode, _also_in_backward(mode):
        yield
    if not mode.changed:
        raise Inapplicable(missed)
    remark(f"{', '.join(sorted(mode.changed))}{scope or ''}")


@contextlib.contextmanager
def _also_in_backward(mode: TorchFunctionMode) -> Iterator[None]:
    """Let a mode see what hooks and hand-written gradients call: torch leaves it for a backward."""
    run: Any = getattr(torch.autograd, "_engine_run_backward", None)
    if run is None:  # a private name: another torch may have another
        yield
        return

    def under_mode(*args: Any, **kwargs: Any) -> Any:
        # On one thread: a mode belongs to its thread, and a GPU's gradients run on another.
        with mode, torch.autograd.set_multithreading_enabled(False):
            return run(*args, **kwargs)

    with mock.patch.object(torch.autograd, "_engine_run_backward", under_mode):
        yield
