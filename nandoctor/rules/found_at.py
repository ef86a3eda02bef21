"""The finding of a rule about the failing op, with its operands and reach in words."""

from __future__ import annotations

from collections.abc import Iterable

from nandoctor.evidence import OpTensor, Origin
from nandoctor.findings import Finding, Grade
from nandoctor.rules.attribution import component_of
from nandoctor.rules.site import Site, short


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
