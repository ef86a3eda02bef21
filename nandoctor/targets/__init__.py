"""The failing step as something runnable, from a user file, a Hugging Face directory, a Lightning
module or live objects; user code is executed here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nandoctor.evidence import MetricHistory, Skipped
from nandoctor.target import ReplayTarget
from nandoctor.targets.batch_source import NoBatchError
from nandoctor.targets.build import Request, build
from nandoctor.targets.live import live_target
from nandoctor.targets.moving import moved_to_cpu
from nandoctor.targets.template import TEMPLATE

if TYPE_CHECKING:
    import torch

__all__ = ["TEMPLATE", "NoBatchError", "build_target", "moved_to_cpu", "target_of"]


def build_target(
    *,
    model: str | Path,
    checkpoint: str | Path | None = None,
    batch: Any = None,
    loss: str | None = None,
    last_good: str | Path | None = None,
    device: str = "auto",
    allow_mismatch: bool = False,
    history: MetricHistory | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[ReplayTarget, tuple[Skipped, ...]]:
    """Rebuild the failing step of a run; also return what could not be rebuilt, with the reason.

    Args:
        model: ``FILE.py[:build_model]``, ``package.module[:attr]`` or a Hugging Face directory.
        checkpoint: The state before the failing step.
        batch: Path of the saved batch, or the batch; None = the file's make_batch, else made up.
        loss: ``FILE.py:compute_loss`` where it is not in the model's file.
        last_good: A checkpoint from before the crash.
        device: auto, cpu, cuda or mps; the CPU is taken where memory is short.
        allow_mismatch: Load a state_dict that fits only in part.
        history: The run's log, for the loss and gradient norm recorded at this step.
        progress: ``(stage, fraction)``.

    Raises:
        ReplayError: The model file, the state_dict, the batch or the device does not serve.
        NoBatchError: There is no batch and none can be made up.
        UnreadableInputError: A file cannot be read.
    """
    request = Request(
        model=str(model),
        checkpoint=Path(checkpoint) if checkpoint else None,
        batch=batch,
        loss=loss,
        last_good=Path(last_good) if last_good else None,
        device=device,
        allow_mismatch=allow_mismatch,
        history=history,
    )
    return build(request, progress or (lambda stage, fraction: None))


def target_of(
    model: torch.nn.Module,
    batch: Any,
    compute_loss: Callable[[torch.nn.Module, Any], torch.Tensor] | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    device: str | None = None,
) -> ReplayTarget:
    """Return live objects as a target; ``device=None`` leaves them where they are.

    Raises:
        ReplayError: The model is no module, or compute_loss does not take (model, batch).
    """
    return live_target(model, batch, compute_loss, optimizer, device)
