"""Whether an error says that a device has no memory left; each backend says it in its own way."""

from __future__ import annotations

import re

import torch

from nandoctor.errors import DeviceMemoryError

_WORDS = re.compile(
    r"out of memory|can't allocate memory|not enough memory|failed to allocate|_ALLOC_FAILED", re.I
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and bool(_WORDS.search(str(error)))


def memory_error(error: BaseException, device: torch.device) -> DeviceMemoryError:
    """Return an allocation that failed as an error for the user."""
    first = (str(error).strip().splitlines() or [""])[0]
    elsewhere = "" if device.type == "cpu" else "on the CPU (--device cpu) or "
    return DeviceMemoryError(
        f"out of memory on {device}: {type(error).__name__}: {first}",
        hint=f"replay {elsewhere}with fewer samples",
    )
