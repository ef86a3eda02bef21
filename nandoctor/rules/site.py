"""How the rules read an origin: its op, operands and offending values; no cause is named here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from nandoctor.evidence import Evidence, OpTensor, Origin, ReplayFacts


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


def is_zero(value: float) -> bool:
    """Whether a value is a zero of either sign."""
    return value == 0.0


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
