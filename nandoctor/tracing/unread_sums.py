"""Sums of the ops' results that nobody reads until the run is over."""

from __future__ import annotations

import torch

from nandoctor.tracing.finiteness import running_sum


class UnreadSums:
    """One sum a result, kept on its device."""

    def __init__(self) -> None:
        self._sums: list[tuple[int, torch.Tensor]] = []

    def add(self, index: int, tensor: torch.Tensor) -> None:
        """Add up a result of an op."""
        total = running_sum(tensor)
        if total is not None:
            self._sums.append((index, total))

    def suspicions(self) -> frozenset[int]:
        """Return the ops whose sums are not finite; waits for the device once."""
        if not self._sums:
            return frozenset()
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # sums of side streams, and copies to the host under way
        device = self._sums[0][1].device
        sums = torch.stack([total.to(device) for _, total in self._sums])
        finite = torch.isfinite(sums).tolist()
        return frozenset(i for (i, _), good in zip(self._sums, finite, strict=True) if not good)
