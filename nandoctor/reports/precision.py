"""Measured headroom in fp16 and bf16 by module, the tightest first, as rows of text."""

from __future__ import annotations

from typing import NamedTuple

from nandoctor.evidence import DtypeFit, Headroom
from nandoctor.findings import Report
from nandoctor.reports.text import number
from nandoctor.reports.words import Words

TIGHT_BITS = 3.0
"""Bits below the largest fp16 value from which a module is worth a row."""
LOST_SHARE = 0.01
"""Share of non-zero elements that fp16 would turn to 0, from which it is, too."""


class PrecisionRow(NamedTuple):
    """One module's output, or its gradient."""

    module: str
    kind: str
    absmax: str
    fp16: str
    bf16: str
    is_bad: bool


def precision_rows(report: Report, say: Words) -> list[PrecisionRow]:
    """Return the modules that come near the ends of fp16, the nearest first."""
    measured = report.replay.headroom if report.replay else ()
    tight = [item for item in measured if "float16" in item.fits and _is_tight(item)]
    return [_row(item, say) for item in sorted(tight, key=_urgency)]


def precision_summary(report: Report, say: Words) -> str:
    """Return how many modules leave the range of fp16 and of bf16; empty if none was measured."""
    measured = report.replay.headroom if report.replay else ()
    parts = []
    for dtype, name in (("float16", "fp16"), ("bfloat16", "bf16")):
        fits = [item.fits[dtype] for item in measured if dtype in item.fits]
        over = sum(fit.bits_to_max < 0 for fit in fits)
        lost = sum(fit.share_underflow > LOST_SHARE for fit in fits)
        text = "{dtype}: {over} of {all} tensors overflow, {lost} lose over 1 % to zero"
        parts.append(say(text, dtype=name, over=over, all=len(fits), lost=lost))
    return "; ".join(parts) if measured else ""


def _is_tight(item: Headroom) -> bool:
    fit = item.fits["float16"]
    return fit.bits_to_max < TIGHT_BITS or fit.share_underflow > LOST_SHARE


def _urgency(item: Headroom) -> tuple[float, float]:
    fit = item.fits["float16"]
    return min(fit.bits_to_max, TIGHT_BITS), -fit.share_underflow


def _row(item: Headroom, say: Words) -> PrecisionRow:
    fp16 = item.fits["float16"]
    bf16 = _told(item.fits["bfloat16"], say) if "bfloat16" in item.fits else ""
    is_bad = fp16.bits_to_max < 0 or fp16.share_saturated > 0
    kind, largest = say(item.kind), number(item.absmax)
    return PrecisionRow(item.module or "(root)", kind, largest, _told(fp16, say), bf16, is_bad)


def _told(fit: DtypeFit, say: Words) -> str:
    text = say("{bits} bits", bits=f"{fit.bits_to_max:.1f}")
    if fit.bits_to_max < 0:
        text = say("overflows")
    if fit.share_underflow > LOST_SHARE:
        text += ", " + say("{percent} % lost", percent=f"{100 * fit.share_underflow:.0f}")
    return text
