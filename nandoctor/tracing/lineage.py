"""Which op made which storage, for the ancestry of an operand; kept in detailed runs only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from nandoctor.tracing.aten import Traits
from nandoctor.tracing.frames import module_here
from nandoctor.tracing.records import Lineage
from nandoctor.tracing.storages import key_of, weak_reference


class LineageNotes(Lineage):
    """A lineage that is being written."""

    def __init__(self, module_names: Mapping[int, str]) -> None:
        super().__init__()
        self._module_names = module_names
        self._makers: dict[int, int] = {}
        self._holds: dict[int, StorageWeakRef] = {}

    def note(
        self, index: int, traits: Traits, read: Sequence[torch.Tensor],
        results: Sequence[torch.Tensor],
    ) -> None:  # fmt: skip
        """Record one op."""
        makers = [self._makers.get(key_of(tensor) or 0) for tensor in read]
        self.parents[index] = tuple(dict.fromkeys(m for m in makers if m is not None))
        self.names[index] = traits.name
        self.modules[index] = module_here(self._module_names)
        for tensor in results:
            key = key_of(tensor)
            if key is not None:
                if key not in self._holds:
                    self._holds[key] = weak_reference(tensor)
                self._makers[key] = index

    def makers(self, read: Sequence[torch.Tensor], index: int) -> list[tuple[str, ...]]:
        """Return, for each tensor read by an op, the names of the ops that led to it."""
        found = [self._makers.get(key_of(tensor) or 0) for tensor in read]
        # The op itself is noted already: an in-place op would name itself as maker.
        parents = self.parents.get(index, ())
        return [self.made_by(m if m != index else next(iter(parents), None)) for m in found]
