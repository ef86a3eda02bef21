"""The plain attributes of modules, with what they hold: containers, tables, generators, hooks."""

from __future__ import annotations

import random
from collections import deque
from operator import is_
from typing import Any

import numpy as np
import torch

from nandoctor.snapshot.bits import put_back

_FIXED = (bool, int, float, str, type(None), tuple, torch.device, torch.dtype)
"""Types whose values cannot change in place."""


class Attributes:
    """The attributes of one module as they were."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._namespace = module.__dict__
        self._keys = list(self._namespace)
        self._values = list(self._namespace.values())
        self._contents = [
            (value, content_of(value)) for value in self._values if type(value) not in _FIXED
        ]

    def put_back(self) -> None:
        """Restore names, values and contents."""
        for value, content in self._contents:
            put_back_content(value, content)
        if not _is_unchanged(self._namespace, self._keys, self._values):
            self._namespace.clear()
            self._namespace.update(zip(self._keys, self._values, strict=True))


def _is_unchanged(mapping: dict[Any, Any], keys: list[Any], values: list[Any]) -> bool:
    return list(mapping) == keys and all(map(is_, mapping.values(), values))


def content_of(value: Any) -> Any:
    """Return a copy of what an attribute holds, None where it cannot change in place."""
    if isinstance(value, dict):
        return (list(value), list(value.values())) if value else ((), ())
    if isinstance(value, (list, set, deque, np.ndarray)):
        return value.copy()
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if type(value) is torch.Generator:  # isinstance of one runs Python code
        return value.get_state()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    return value.getstate() if isinstance(value, random.Random) else None


def put_back_content(value: Any, content: Any) -> None:
    """Make an attribute hold again what ``content_of`` returned."""
    if isinstance(value, dict):
        if (value or content[0]) and not _is_unchanged(value, *content):
            value.clear()
            value.update(zip(*content, strict=True))
    elif isinstance(value, list):
        value[:] = content
    elif isinstance(value, set):
        value.clear()
        value.update(content)
    elif isinstance(value, deque):
        value.clear()
        value.extend(content)
    elif isinstance(value, np.ndarray):
        if value.flags.writeable:
            value[...] = content
    elif isinstance(value, torch.Tensor):
        put_back(value, content)
    elif type(value) is torch.Generator:
        value.set_state(content)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = content
    elif isinstance(value, random.Random):
        value.setstate(content)
