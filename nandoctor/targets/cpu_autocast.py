"""Autocast regions written for a GPU, entered for the CPU where the step runs there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch


@contextlib.contextmanager
def autocast_on(device: torch.device) -> Iterator[None]:
    """Make ``torch.autocast("cuda")`` mean the CPU inside the block, if the device is the CPU.

    torch would switch such a region off, and a float16 overflow would not recur.
    """
    if device.type != "cpu":
        yield
        return
    create = torch.autocast.__init__

    def redirected(self: Any, device_type: str, *args: Any, **kwargs: Any) -> None:
        if device_type == "cuda":
            device_type = "cpu"
            if not args and kwargs.get("dtype") is None:
                kwargs["dtype"] = torch.get_autocast_dtype("cuda")
        create(self, device_type, *args, **kwargs)

    with mock.patch.object(torch.autocast, "__init__", redirected):
        yield
