"""Measured ranges of a model's modules added up: what fp16 and bf16 would make of this model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nandoctor.evidence import Headroom

FP16_MAX = 65504.0
FP16_LOST = 2.0**-25
"""Half of fp16's smallest subnormal: what is not larger becomes 0."""
LARGEST_SCALE = 2.0**24
TIGHT_BITS = 4.0
"""Bits below fp16's maximum from which a module is worth a word."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What one model's outputs and gradients need.

    Args:
        tightest: The outputs nearest to fp16's maximum or beyond it, the nearest first.
        num_outputs: Modules whose output was measured.
        over_fp16: Modules with an output beyond fp16's maximum.
        over_bf16: The same for bf16's.
        lost_plain: Share of non-zero gradients that fp16 turns to 0 without a loss scale, the mean
            over the modules; None where no gradient was measured.
        lost_scaled: The same at the recorded loss scale.
        lost_bf16: The same in bf16, which needs no scale.
        weakest: The gradient that loses most without a loss scale.
        scale_needed: Smallest power of two that keeps 99 % of each module's gradients in fp16;
            None where none does without an overflow at the other end.
    """

    tightest: tuple[Headroom, ...]
    num_outputs: int
    over_fp16: tuple[Headroom, ...]
    over_bf16: tuple[Headroom, ...]
    lost_plain: float | None
    lost_scaled: float | None
    lost_bf16: float | None
    weakest: Headroom | None
    scale_needed: float | None

    @property
    def bits(self) -> float:
        """Bits from the largest output to fp16's maximum; below 0 = beyond it."""
        return bits_left(self.tightest[0])


def bits_left(item: Headroom, dtype: str = "float16") -> float:
    """Return the bits from a module's largest value to a dtype's maximum."""
    return item.fits[dtype].bits_to_max


def ranges_of(measured: Sequence[Headroom]) -> Ranges | None:
    """Add up what was measured; None where no output was."""
    known = [item for item in measured if {"float16", "bfloat16"} <= set(item.fits)]
    outputs = sorted((i for i in known if i.kind == "activation"), key=bits_left)
    gradients = [item for item in known if item.kind == "gradient"]
    if not outputs:
        return None
    return Ranges(
        tightest=tuple(outputs),
        num_outputs=len(outputs),
        over_fp16=tuple(i for i in outputs if i.fits["float16"].share_saturated > 0),
        over_bf16=tuple(i for i in outputs if i.fits["bfloat16"].share_saturated > 0),
        lost_plain=_mean([i.fits["float16"].share_underflow for i in gradients]),
        lost_scaled=_mean([i.share_lost for i in gradients]),
        lost_bf16=_mean([i.fits["bfloat16"].share_underflow for i in gradients]),
        weakest=max(gradients, key=lambda item: item.fits["float16"].share_underflow, default=None),
        scale_needed=_scale_needed(gradients),
    )


def _mean(shares: Sequence[float]) -> float | None:
    return sum(shares) / len(shares) if shares else None


def _scale_needed(gradients: Sequence[Headroom]) -> float | None:
    lows = [item.low for item in gradients if item.low > 0]
    if not lows:
        return None
    needed = max(1.0, 2.0 ** (math.floor(math.log2(FP16_LOST / min(lows))) + 1))
    peak = max(item.absmax for item in gradients)
    return needed if needed <= LARGEST_SCALE and needed * peak <= FP16_MAX else None


def steps_to_limit(
    first: float, last: float, interval: int, limit: float = FP16_MAX
) -> float | None:
    """Return the steps from the later of two magnitudes to a limit at the growth between them.

    None where nothing grows, or where the limit is more than ten times the interval away: too far
    to say anything.
    """
    if interval <= 0 or not 0 < first < last < limit:
        return None
    steps = (limit - last) / (last - first) * interval
    return steps if steps <= 10 * interval else None
