"""A recorded failure that does not come back: what was tried to bring it back."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from nandoctor.errors import NandoctorError
from nandoctor.snapshot import Snapshot, capture_rng, restore_rng
from nandoctor.step import device_of
from nandoctor.target import Precision, ReplayTarget
from nandoctor.tracing.gate import Gate, plain_run

SEEDS = (0, 1, 2)


def has_recorded_failure(target: ReplayTarget) -> bool:
    """Whether the run logged something non-finite for this step."""
    return any(value - value != 0 for value in target.recorded.values())


def logged_loss_again(target: ReplayTarget, loss: float) -> tuple[str, ...]:
    """Say that a finite step gives the loss that the run logged: a divergence that came before."""
    logged = target.recorded.get("loss", math.nan)
    if not math.isclose(loss, logged, rel_tol=1e-3):
        return ()
    return (f"the replay gives the logged loss of {logged:.6g}; the step itself is finite",)


def reproduced_otherwise(
    target: ReplayTarget, snapshot: Snapshot | None = None
) -> tuple[ReplayTarget | None, Gate | None, list[str]]:
    """Try other seeds, modes and precisions until the step fails; say what was tried.

    Returns:
        The changed target and its plain run where one fails, and the notes.
    """
    tried: list[str] = []
    for words, changed in _varied(target):
        try:
            gate = plain_run(changed, snapshot)
        except NandoctorError:
            continue
        tried.append(words)
        if gate.part is not None and gate.raised is None:
            return changed, gate, [f"as recorded the step is finite; it fails {words}"]
    return None, None, [f"the recorded failure does not come back; tried: {', '.join(tried)}"]


def _varied(target: ReplayTarget) -> Iterator[tuple[str, ReplayTarget]]:
    for seed in SEEDS:
        yield f"with seed {seed}", replace(target, rng=seeded(seed))
    mode = "eval" if target.model.training else "train"
    yield f"in {mode} mode", replace(target, compute_loss=in_mode(target, mode == "train"))
    kind = device_of(target.model).type
    for dtype in ("float16", "bfloat16"):
        if target.precision.autocast_dtype != dtype and kind in ("cpu", "cuda"):
            yield f"under {dtype} autocast", replace(target, precision=Precision(dtype))
    if target.precision.autocast_dtype is not None:
        yield "without autocast", replace(target, precision=Precision())
    if target.precision.loss_scale != 1.0:
        plain = Precision(target.precision.autocast_dtype)
        yield "without the loss scale", replace(target, precision=plain)


def in_mode(target: ReplayTarget, is_train: bool) -> Callable[[torch.nn.Module, Any], torch.Tensor]:
    """Return the target's loss computed in train or eval mode (``preserved`` puts it back)."""

    def compute_loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        return target.compute_loss(model.train(is_train), batch)

    return compute_loss


def seeded(seed: int) -> dict[str, object]:
    """Return the RNG state right after seeding every generator."""
    with kept_rng():
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        return capture_rng()


@contextlib.contextmanager
def kept_rng() -> Iterator[None]:
    """Put the random generators back."""
    state = capture_rng()
    try:
        yield
    finally:
        restore_rng(state)
