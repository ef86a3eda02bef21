"""Checkpoints: from a path to lazily read tensors and training state, and back; executes nothing.

A format is one file that ends in its ``FORMAT`` and one line in ``FORMATS`` below: the first whose
``sniff`` accepts the content opens it, so special layouts stand before general ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandoctor.checkpoints import (
    accelerate_state,
    dcp,
    deepspeed,
    exported,
    hf_model,
    hf_trainer,
    lightning,
    megatron,
    numpy_arrays,
    peft,
    plain_pickle,
    safetensors,
    torch_legacy,
    torch_zip,
    torchscript,
)
from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.contents import CheckpointFormat
from nandoctor.checkpoints.live import scan_model
from nandoctor.checkpoints.loading import LoadedState, batch_from, state_from
from nandoctor.checkpoints.measuring import scan
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.opening import open_as, recognise

__all__ = [
    "FORMATS", "Checkpoint", "CheckpointFormat", "LoadedState", "TensorHandle", "is_checkpoint",
    "load_batch", "load_state", "open_checkpoint", "scan", "scan_model",
]  # fmt: skip

FORMATS: tuple[CheckpointFormat, ...] = (
    torchscript.FORMAT,
    exported.FORMAT,
    lightning.FORMAT,
    torch_zip.FORMAT,
    numpy_arrays.NPZ,
    numpy_arrays.FORMAT,
    torch_legacy.FORMAT,
    safetensors.FORMAT,
    plain_pickle.FORMAT,
    dcp.FORMAT,
    hf_trainer.FORMAT,
    peft.FORMAT,
    accelerate_state.FORMAT,
    deepspeed.FORMAT,
    megatron.FORMAT,
    hf_model.FORMAT,
)


def is_checkpoint(path: str | Path) -> bool:
    """Whether the content of a file or directory is that of a checkpoint; reads little."""
    return recognise(Path(path), FORMATS) is not None


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Open a checkpoint of any format: descriptions only, nothing is executed.

    Raises:
        UnreadableInputError: No checkpoint, or nothing of it can be read; says why.
    """
    return open_as(Path(path), FORMATS)


def load_state(path: str | Path) -> LoadedState:
    """Read what a replay needs, as torch objects; nothing is executed.

    Raises:
        UnreadableInputError: Not readable, damaged, or it names globals that would run code.
    """
    return state_from(open_checkpoint(path))


def load_batch(path: str | Path) -> Any:
    """Read a batch (.pt, .safetensors, .npz, .npy, .json) as containers of torch tensors.

    Containers of foreign classes become plain dicts, lists and tuples; nothing is executed.

    Raises:
        UnreadableInputError: Not readable, damaged, or it names globals that would run code.
    """
    return batch_from(Path(path), FORMATS)
