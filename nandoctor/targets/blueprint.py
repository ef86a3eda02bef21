"""What a model reference offers, whatever kind it is of: the functions that rebuild the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

ComputeLoss = Callable[[torch.nn.Module, Any], torch.Tensor]


@dataclass(frozen=True)
class Blueprint:
    """The functions of a replay file, or what stands in for them.

    Args:
        origin: Where they come from, for messages: a file, a package, a directory.
        make_batch: ``(step) -> batch`` of the data stream.
        other_batch: ``(step) -> batch`` like make_batch, but leaves the file's globals alone.
        weights: Where the weights lie if no checkpoint is named.
        loaded: Directory of which build_model loads the weights itself (an adapter).
    """

    origin: str
    build_model: Callable[[], torch.nn.Module]
    compute_loss: ComputeLoss | None = None
    build_optimizer: Callable[[torch.nn.Module], torch.optim.Optimizer] | None = None
    build_scheduler: Callable[[torch.optim.Optimizer], Any] | None = None
    make_batch: Callable[[int], Any] | None = None
    other_batch: Callable[[int], Any] | None = None
    weights: Path | None = None
    loaded: Path | None = None
