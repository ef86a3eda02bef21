"""What a checkpoint holds besides and around its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nandoctor.evidence.history import MetricHistory
from nandoctor.evidence.tensors import TensorStats


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a file that could not be read."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What a checkpoint knows about the training besides tensors; None = not in the file."""

    step: int | None = None
    epoch: float | None = None
    lr: float | None = None
    precision: str | None = None
    """fp32, fp16, bf16, fp16_amp, bf16_amp or fp64 (``*_amp`` = autocast)."""
    optimizer: str | None = None
    """Class name where known, else guessed from the state's keys (``Adam``, ``SGD``)."""
    param_groups: tuple[Mapping[str, Any], ...] = ()
    """Hyper-parameters of each group, without the parameter indices."""
    accumulation_steps: int | None = None
    max_grad_norm: float | None = None
    loss_scale: float | None = None
    scaler: Mapping[str, Any] | None = None
    scheduler: Mapping[str, Any] | None = None
    rng_kinds: tuple[str, ...] = ()
    """Which RNG states are stored: torch, cuda, numpy, python."""
    has_data_position: bool = False
    history: MetricHistory | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    """Scalars at the top level that have no field of their own."""


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """One checkpoint, scanned."""

    path: str
    format: str
    tensors: tuple[TensorStats, ...]
    training: TrainingState
    num_bytes: int = 0
    classes: tuple[str, ...] = ()
    """Classes that the file names and that were replaced by inert placeholders."""
    dangerous: tuple[str, ...] = ()
    """Globals that would run code when unpickled; never resolved."""
    damage: tuple[Damage, ...] = ()
    missing: tuple[str, ...] = ()
    """What a faithful resume would lack: optimizer, scheduler, scaler, rng, data_position."""
