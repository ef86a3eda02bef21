"""Batches of any shape: walked, mapped and cut into samples; nothing is run here."""

from nandoctor.batches.select import select_rows
from nandoctor.batches.size import batch_size
from nandoctor.batches.walk import MicroBatches, map_named, map_tensors, named_tensors

__all__ = [
    "MicroBatches",
    "batch_size",
    "map_named",
    "map_tensors",
    "named_tensors",
    "select_rows",
]
