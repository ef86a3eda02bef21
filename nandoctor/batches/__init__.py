"""Batches of any shape: walked, mapped and cut into samples; nothing is run here."""

from nandoctor.batches.select import cuts, select_rows
from nandoctor.batches.size import batch_size
from nandoctor.batches.walk import (
    MicroBatches,
    array_tensors,
    map_named,
    map_tensors,
    named_tensors,
)

__all__ = [
    "MicroBatches",
    "array_tensors",
    "batch_size",
    "cuts",
    "map_named",
    "map_tensors",
    "named_tensors",
    "select_rows",
]
