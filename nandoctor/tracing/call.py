"""One dispatched op with its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from nandoctor.tracing.aten import Traits, read_tensors, scalars_of, written_tensors


@dataclass(frozen=True, slots=True)
class Call:
    """One dispatched op."""

    index: int
    traits: Traits
    args: Any
    kwargs: dict[str, Any]

    def read(self) -> list[torch.Tensor]:
        """Return the tensors that it reads."""
        return read_tensors(self.traits, self.args, self.kwargs)

    def written(self) -> list[torch.Tensor]:
        """Return the tensors that it writes in place."""
        return written_tensors(self.traits, self.args, self.kwargs)

    def scalars(self) -> dict[str, Any]:
        """Return its arguments that are no tensors."""
        return scalars_of(self.traits, self.args, self.kwargs)
