"""Where the step is run: the device that was asked for, if the step fits into its memory."""

from __future__ import annotations

import os

import torch

from nandoctor.errors import ReplayError
from nandoctor.evidence import Skipped

_COPIES = 5
"""Weights, gradients, two optimizer moments and the backup that makes a replay reversible."""


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
    facts = f"it needs about {_size(needed)}, {device} has {_size(free)} free"
    room = free_memory(torch.device("cpu"))
    if device.type == "cpu" or (room is not None and needed > room):
        raise ReplayError(
            f"the step does not fit into memory: {facts}", hint="use a larger machine"
        )
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
    if device.type == "cpu" and hasattr(os, "sysconf"):
        try:
            return int(os.sysconf("SC_AVPHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
        except (ValueError, OSError):
            return None
    return None


def weights_size(model: torch.nn.Module) -> int:
    """Return the bytes of a model's parameters and buffers."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _size(num_bytes: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if num_bytes < 1024:
            return f"{num_bytes:.0f} {unit}"
        num_bytes /= 1024
    return f"{num_bytes:.1f} TB"
