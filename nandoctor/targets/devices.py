"""Where the step is run: the device that was asked for, if the step fits into its memory."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from nandoctor.checkpoints import open_checkpoint
from nandoctor.errors import ReplayError
from nandoctor.evidence import Skipped

_COPIES = 5
"""Weights, gradients, two optimizer moments and the backup that makes a replay reversible."""
_LEAST_COPIES = 3
"""Weights, gradients and backup: without room for these it is not tried at all."""


def choose_device(asked: str, num_bytes: int) -> tuple[torch.device, tuple[Skipped, ...]]:
    """Return the device for a model with weights of this size; the CPU where memory is short.

    Args:
        asked: auto, cpu, cuda, cuda:N or mps.
        num_bytes: Size of the weights.

    Raises:
        ReplayError: The device does not exist, or the step fits nowhere.
    """
    device = _named(asked)
    free = free_memory(device)
    needed = _COPIES * num_bytes
    if free is None or needed <= free:
        return device, ()
    facts = f"it needs about {size_words(needed)}, {device} has {size_words(free)} free"
    room = free_memory(torch.device("cpu"))
    if room is not None and _LEAST_COPIES * num_bytes > room:
        raise ReplayError(
            f"the step does not fit into memory: {facts}", hint="use a larger machine"
        )
    if device.type == "cpu":
        return device, ()
    reason = f"{facts}; run on the CPU instead"
    return torch.device("cpu"), (Skipped(f"replay on {device}", reason, "device-specific faults"),)


def _named(asked: str) -> torch.device:
    if asked in ("auto", ""):
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise ReplayError(f"unknown device {asked!r}", hint="auto, cpu, cuda or mps") from error
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise ReplayError(f"this machine has no {device.type} device", hint="use --device auto")
    return device


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of a device, None where it does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    memory = Path("/proc/meminfo")
    if device.type == "cpu" and memory.is_file():  # other systems do not tell without a library
        found = re.search(r"MemAvailable:\s+(\d+) kB", memory.read_text())
        return int(found[1]) * 1024 if found else None
    return None


def stored_size(path: Path) -> int:
    """Return the bytes of the weights in a checkpoint, from its descriptions only.

    Raises:
        UnreadableInputError: It is no checkpoint.
    """
    handles = [h for h in open_checkpoint(path).tensors if h.role in ("parameter", "buffer")]
    return sum(h.ref.numel * _itemsize(h.ref.dtype) for h in handles)


def _itemsize(name: str) -> int:
    dtype = getattr(torch, name, None)
    return dtype.itemsize if isinstance(dtype, torch.dtype) else 4


def weights_size(model: torch.nn.Module) -> int:
    """Return the bytes of a model's parameters and buffers."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def size_words(num_bytes: float) -> str:
    """Return a number of bytes in words."""
    for unit in ("B", "KB", "MB", "GB"):
        if num_bytes < 1024:
            return f"{num_bytes:.0f} {unit}"
        num_bytes /= 1024
    return f"{num_bytes:.1f} TB"
