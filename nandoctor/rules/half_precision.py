"""Whether the failing op computed in half precision, and whether more of it cures the step."""

from __future__ import annotations

from nandoctor.evidence import Evidence
from nandoctor.rules.site import Site

HALF = ("float16", "bfloat16")
MORE_PRECISE = ("fp32", "fp64", "fp32_module", "no_autocast", "bf16")


def half_dtype(evidence: Evidence, site: Site) -> str | None:
    """Return float16 or bfloat16 where the op, or the run around it, computes in it."""
    for dtype in HALF:
        if dtype in site.dtypes:
            return dtype
    precision = evidence.replay.precision if evidence.replay else ""
    if precision.startswith(("fp16", "half", "float16")):
        return "float16"
    if precision.startswith(("bf16", "bfloat16")):
        return "bfloat16"
    # An autocast region inside the user's own loss: bf16 is tried in place of fp16 only.
    if evidence.is_fixed_by("no_autocast"):
        return "float16" if evidence.trial("bf16") else "bfloat16"
    return None


def cured_by_precision(evidence: Evidence) -> str:
    """Return the more precise intervention that fixed the step, empty where none did.

    Where fp32 was not enough, fp64 tells nothing of half precision: the value is too small or too
    close for fp32, too.
    """
    trial = evidence.trial("fp32")
    beyond = trial is not None and trial.outcome == "not_fixed"
    names = [name for name in MORE_PRECISE if not (beyond and name == "fp64")]
    return next((name for name in names if evidence.is_fixed_by(name)), "")


def is_rounding(evidence: Evidence, site: Site) -> bool:
    """Whether the operand left the domain by rounding: half precision, and more of it cures."""
    return half_dtype(evidence, site) is not None and bool(cured_by_precision(evidence))
