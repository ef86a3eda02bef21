"""How the rules read an origin: its op, operands and offending values; no cause is named here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nandoctor.evidence import Evidence, OpTensor, Origin, ReplayFacts
from nandoctor.findings import Finding, Grade
from nandoctor.rules.attribution import component_of

HALF = ("float16", "bfloat16")
MORE_PRECISE = ("fp32", "fp64", "fp32_module", "no_autocast", "bf16")


@dataclass(frozen=True, slots=True)
class Site:
    """The failing op as the rules see it.

    Args:
        origin: The origin itself, phase forward or backward.
        op: Canonical name of the op whose domain matters: in backward the forward op.
        operands: Inputs of that op.
    """

    origin: Origin
    op: str
    operands: tuple[OpTensor, ...]

    @property
    def is_backward(self) -> bool:
        """Whether the forward value was finite and the gradient is not.

        True in the forward pass where the loss takes a gradient (a penalty, an inner update);
        False in a gradient hook, whose ops stand for themselves.
        """
        origin = self.origin
        is_in_hook = origin.forward_op is None and origin.source is not None
        return origin.forward_op is not None or (origin.phase == "backward" and not is_in_hook)

    @property
    def code(self) -> str:
        """The source line, empty where it is not known."""
        place = self.origin.user_source or self.origin.source
        return place.code if place else ""

    @property
    def made_by(self) -> tuple[str, ...]:
        """Canonical ops that produced the operands."""
        return tuple(canonical(op) for item in self.operands for op in item.made_by)

    def mentions(self, pattern: str) -> bool:
        """Whether the source line, its function or the module's name matches a regex."""
        origin = self.origin
        places = [place for place in (origin.user_source, origin.source) if place]
        texts = [*(p.code for p in places), *(p.function for p in places), origin.module_class]
        return any(re.search(pattern, text, re.IGNORECASE) for text in texts)

    def values(self, index: int) -> tuple[float, ...]:
        """Offending values of one operand, empty where there is none."""
        return self.operands[index].offending if index < len(self.operands) else ()

    def has(self, test: Callable[[float], bool]) -> bool:
        """Whether an offending value of any operand passes a test."""
        return any(test(value) for item in self.operands for value in item.offending)

    @property
    def outputs(self) -> tuple[float, ...]:
        """Offending values of the op's results."""
        return tuple(value for item in self.origin.outputs for value in item.offending)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """dtypes of operands and results."""
        items = (*self.operands, *self.origin.inputs, *self.origin.outputs)
        return tuple(short(item.stats.dtype) for item in items)

    @property
    def where(self) -> str:
        """Module, op and source line."""
        place = self.origin.user_source or self.origin.source
        line = f" ({place.file.rsplit('/', 1)[-1]}:{place.line})" if place else ""
        return f"{self.origin.module or '<root>'}: {self.op}{line}"


def site_of(evidence: Evidence) -> Site | None:
    """Return the origin as a site, None where no op failed in forward or backward."""
    origin = evidence.replay.origin if evidence.replay else None
    if origin is None or origin.phase not in ("forward", "backward"):
        return None
    if origin.phase == "forward" and origin.forward_op is None:
        return Site(origin, canonical(origin.op), origin.inputs)
    operands = origin.forward_inputs or origin.inputs
    return Site(origin, canonical(origin.forward_op or origin.op), operands)


def canonical(op: str) -> str:
    """Return an op's plain name: no namespace, overload, ``foreach``, autograd or in-place mark."""
    name = op.rsplit("::", 1)[-1].split(".")[0]
    node = re.fullmatch(r"(\w+?)Backward\d*", name)
    if node:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.group(1)).lower()
    name = name.removeprefix("_foreach").strip("_")
    return name.removesuffix("_backward").removesuffix("_backward_data")


def short(dtype: str) -> str:
    """Return a dtype without its namespace."""
    return dtype.rsplit(".", 1)[-1]


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


def is_zero(value: float) -> bool:
    """Whether a value is a zero of either sign."""
    return value == 0.0


def sample_text(origin: Origin) -> str:
    """Return `` in sample 3``, empty where it is not sample-specific."""
    if not origin.samples:
        return ""
    rows = ", ".join(str(row) for row in origin.samples[:8])
    more = ", ..." if len(origin.samples) > 8 else ""
    return f" in sample{'s' if len(origin.samples) > 1 else ''} {rows}{more}"


def operand_text(item: OpTensor) -> str:
    """Return the range and the offending values of an operand, in words."""
    stats = item.stats
    span = "" if stats.min is None else f", finite range {stats.min:.4g} to {stats.max:.4g}"
    bad = sorted({f"{value:.4g}" for value in item.offending})[:3]
    shown = f", offending {', '.join(bad)}" if bad else ""
    return f"{short(stats.dtype)}{list(stats.shape)}{span}{shown}"


def facts(site: Site) -> tuple[str, ...]:
    """Return the operands and the reach of the origin as evidence lines."""
    lines = [f"input {i}: {operand_text(item)}" for i, item in enumerate(site.operands[:3])]
    if site.origin.path_to_loss:
        lines.append(
            "reaches the loss or a gradient by "
            + " > ".join(link.rpartition(": ")[2] for link in site.origin.path_to_loss[:6])
        )
    return tuple(lines)


def found_at(
    site: Site, cause: tuple[str, str], message: str, *, score: float,
    extra: Iterable[str] = (), against: Iterable[str] = (),
) -> tuple[Finding, ...]:  # fmt: skip
    """Return the one finding of a rule about an op; ``cause`` is (code, cause id)."""
    return (
        Finding(
            code=cause[0],
            cause=cause[1],
            severity="error",
            grade=Grade.reproduced,
            message=f"{message}{sample_text(site.origin)}",
            where=site.where,
            evidence=(*extra, *facts(site)),
            against=tuple(against),
            score=score,
            component=component_of(site.origin.module, site.origin),
        ),
    )


def replayed(evidence: Evidence) -> ReplayFacts | None:
    """Return the replay where it failed as the run did."""
    replay = evidence.replay
    return replay if replay is not None and replay.phase is not None else None


def squares_overflow(site: Site) -> bool:
    """Whether an operand is so large that its square leaves float32's range."""
    return any((item.stats.absmax or 0.0) > 1.8e19 for item in site.operands)


def overflows(site: Site) -> bool:
    """Whether finite operands gave an infinite result."""
    return any(math.isinf(v) for v in site.outputs) and not site.has(lambda v: not math.isfinite(v))
