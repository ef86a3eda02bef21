"""Bit-exact snapshots of what a step may change: model, optimizer, RNG and torch's own switches."""

from nandoctor.snapshot.bits import is_same_bits, put_back
from nandoctor.snapshot.rng import capture_rng, random_fingerprint, restore_rng
from nandoctor.snapshot.state import Snapshot, preserved
from nandoctor.snapshot.switches import preserved_switches

__all__ = [
    "Snapshot",
    "capture_rng",
    "is_same_bits",
    "preserved",
    "preserved_switches",
    "put_back",
    "random_fingerprint",
    "restore_rng",
]
