"""The autocast regions that a step enters by itself: found, switched off or given another type."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch

from nandoctor.snapshot import preserved
from nandoctor.step import forward, started
from nandoctor.target import ReplayTarget


@contextlib.contextmanager
def autocast_dtype(device: str, dtype: torch.dtype | None) -> Iterator[list[bool]]:
    """Make every autocast region that the code enters use this dtype, or (None) do nothing.

    Yields a list that grows by one entry for each region that was changed.
    """
    entered = torch.autocast.__enter__
    changed: list[bool] = []

    def enter(self: Any) -> Any:
        kept = (self._enabled, self.fast_dtype)
        if self._enabled and self.fast_dtype != dtype:
            changed.append(True)
            self._enabled = dtype is not None
            self.fast_dtype = dtype if dtype is not None else self.fast_dtype
        try:
            return entered(self)  # type: ignore[no-untyped-call]
        finally:
            self._enabled, self.fast_dtype = kept

    with mock.patch.object(torch.autocast, "__enter__", enter):
        yield changed


class _Probe:
    """The types of the autocast regions that a step enters by itself; the last step's are kept."""

    def __init__(self) -> None:
        self.target: weakref.ref[ReplayTarget] | None = None
        self.found: set[torch.dtype] = set()

    def regions_of(self, target: ReplayTarget) -> set[torch.dtype]:
        """Run the forward pass once and note which types autocast regions ask for."""
        if self.target is None or self.target() is not target:
            self.found = _entered_dtypes(target)
            self.target = weakref.ref(target)
        return self.found


def _entered_dtypes(target: ReplayTarget) -> set[torch.dtype]:
    found: set[torch.dtype] = set()
    entered = torch.autocast.__enter__

    def enter(self: Any) -> Any:
        if self._enabled:
            found.add(self.fast_dtype)
        return entered(self)  # type: ignore[no-untyped-call]

    with mock.patch.object(torch.autocast, "__enter__", enter), preserved(target):
        try:
            with started(target) as batch:
                forward(target, batch)
        except Exception:
            return found  # the trials will meet the same error and say so
    return found


REGIONS = _Probe()
