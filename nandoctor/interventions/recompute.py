"""Activation checkpointing switched off: a recomputation in the backward pass would not see a
change that is made to an op of the forward pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from torch.utils import checkpoint


class _Direct:
    """Stands in for ``CheckpointFunction``: the block is simply run."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        return function(*args)


def _direct_generator(*args: Any, **kwargs: Any) -> Iterator[None]:
    """Stand in for the generator of the non-reentrant variant: nothing before, nothing after."""
    yield


@contextlib.contextmanager
def without_recompute() -> Iterator[None]:
    """Run checkpointed blocks directly, whoever holds a reference to ``checkpoint``."""
    with (
        mock.patch.object(checkpoint, "CheckpointFunction", _Direct),
        mock.patch.object(checkpoint, "_checkpoint_without_reentrant_generator", _direct_generator),
    ):
        yield
