"""Room of each module in fp16, bf16 and fp8, the tightest first, as rows of text."""

from __future__ import annotations

from typing import NamedTuple

from nandoctor.evidence import Headroom
from nandoctor.findings import Report
from nandoctor.reports.text import number
from nandoctor.reports.words import Words
from nandoctor.signals.ranges import TIGHT_BITS, ranges_of

COLUMNS = (("fp16", "float16"), ("bf16", "bfloat16"), ("fp8", "float8_e4m3fn"))


class PrecisionRow(NamedTuple):
    """One module's output, or its gradient; rooms are bits to the dtype's maximum."""

    module: str
    kind: str
    absmax: str
    fp16: str
    bf16: str
    fp8: str
    lost: str
    is_bad: bool


def precision_rows(report: Report, say: Words) -> list[PrecisionRow]:
    """Return the outputs by their room in fp16 and the gradients that fp16 loses, worst first."""
    if not _is_worth_it(report):
        return []
    measured = [i for i in _measured(report) if {d for _, d in COLUMNS[:2]} <= set(i.fits)]
    worst = sorted(measured, key=_urgency)
    return [_row(item, say) for item in worst if item.kind == "activation" or _loses(item)]


def precision_summary(report: Report, say: Words) -> str:
    """Return fp16 against bf16 for this model in one sentence; empty where it says nothing."""
    ranges = ranges_of(_measured(report))
    if ranges is None or not _is_worth_it(report):
        return ""
    first = ranges.tightest[0]
    text = say(
        "fp16: {over} of {all} modules overflow, {bits} bits of room in {module}; "
        "bf16: {bf16} of {all}",
        over=len(ranges.over_fp16), all=ranges.num_outputs, bits=f"{ranges.bits:.1f}",
        module=first.module or say("(root)"), bf16=len(ranges.over_bf16),
    )  # fmt: skip
    if not ranges.lost_plain:
        return text
    return text + "; " + say(
        "fp16 turns {plain} % of the gradients to 0 ({scaled} % at the loss scale), bf16 {bf16} %",
        plain=_percent(ranges.lost_plain), scaled=_percent(ranges.lost_scaled or 0.0),
        bf16=_percent(ranges.lost_bf16 or 0.0),
    )  # fmt: skip


def _measured(report: Report) -> tuple[Headroom, ...]:
    return report.replay.headroom if report.replay else ()


def _is_worth_it(report: Report) -> bool:
    """Whether the step runs in 16 bits, or an output comes near fp16's maximum."""
    measured = _measured(report)
    if any(item.dtype in ("float16", "bfloat16") for item in measured):
        return True
    ranges = ranges_of(measured)
    return ranges is not None and ranges.bits < TIGHT_BITS


def _loses(item: Headroom) -> bool:
    return item.fits["float16"].share_underflow > 0.01


def _urgency(item: Headroom) -> tuple[float, float]:
    """Outputs near the maximum, then lossy gradients, then the rest by room."""
    fit = item.fits["float16"]
    if item.kind == "activation" and fit.bits_to_max < TIGHT_BITS:
        return fit.bits_to_max, 0.0
    return (TIGHT_BITS, -fit.share_underflow) if _loses(item) else (fit.bits_to_max + TIGHT_BITS, 0)


def _row(item: Headroom, say: Words) -> PrecisionRow:
    one, two, three = (
        f"{item.fits[d].bits_to_max:+.1f}" if d in item.fits else "-" for _, d in COLUMNS
    )
    fit = item.fits["float16"]
    lost = f"{_percent(fit.share_underflow)} %" if fit.share_underflow else ""
    is_bad = fit.bits_to_max < 0 or fit.share_saturated > 0
    name = item.module or say("(root)")
    return PrecisionRow(name, say(item.kind), number(item.absmax), one, two, three, lost, is_bad)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.095 else f"{100 * share:.2g}"
