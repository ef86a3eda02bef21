"""An opened checkpoint: named tensors, training state, what is broken; values are not read yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nandoctor.checkpoints.contents import Contents
from nandoctor.checkpoints.naming import TensorHandle, name_tensors
from nandoctor.checkpoints.regions import Layout, lay_out
from nandoctor.checkpoints.training import training_state
from nandoctor.evidence import Damage, TrainingState


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint, opened; its tensors are read when it is scanned."""

    path: str
    format: str
    contents: Contents

    @cached_property
    def layout(self) -> Layout:
        """The parts of its tree."""
        return lay_out(self.contents.tree)

    @cached_property
    def tensors(self) -> tuple[TensorHandle, ...]:
        """Every tensor, in file order."""
        return name_tensors(self.layout)

    @cached_property
    def training(self) -> TrainingState:
        """What it knows about the training besides tensors."""
        return training_state(
            self.contents.tree, self.layout, self.tensors, Path(self.path), self.contents.hints
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes that it names; each became an inert placeholder."""
        return self.contents.classes

    @property
    def dangerous(self) -> tuple[str, ...]:
        """Globals that would run code when unpickled; never resolved."""
        return self.contents.dangerous

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What cannot be read."""
        lost = [Damage(h.name, h.ref.broken) for h in self.tensors if h.ref.broken]
        if self.layout.is_cut:
            lost.append(Damage("structure", "nested too deeply: what stands below was not read"))
        return (*self.contents.damage, *lost)

    @cached_property
    def num_bytes(self) -> int:
        """Size of all its files."""
        return sum(path.stat().st_size for path in self.contents.files)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """What a faithful resume would lack: optimizer, scheduler, scaler, rng, data_position."""
        kinds = {region.kind for region in self.layout.regions}
        training = self.training
        lacks = {
            "optimizer": "optimizer" not in kinds,
            "scheduler": "scheduler" not in kinds,
            "scaler": "scaler" not in kinds and training.precision == "fp16_amp",
            "rng": not training.rng_kinds,
            "data_position": not training.has_data_position,
        }
        return tuple(name for name, is_lacking in lacks.items() if is_lacking)
