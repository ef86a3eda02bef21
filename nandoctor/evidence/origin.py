"""Where the first bad value came from, and the numbers around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nandoctor.evidence.tensors import TensorStats

Phase = Literal["batch", "parameters", "forward", "backward", "optimizer"]


@dataclass(frozen=True, slots=True)
class Source:
    """A place in source code."""

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class OpTensor:
    """A tensor that went into or came out of an op, with the elements that matter."""

    stats: TensorStats
    offending: tuple[float, ...] = ()
    """Values at the elements that made the output non-finite (inputs) or are it (outputs)."""
    indices: tuple[tuple[int, ...], ...] = ()
    """Logical coordinates of ``offending``."""
    made_by: tuple[str, ...] = ()
    """Ops (aten base names) that produced it, nearest first, up to about a dozen; empty where the
    tensor is a leaf or the tracer kept no record. Tells a variance from a norm or a count."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The first op whose inputs were finite and whose bad output reaches the loss or a gradient.

    In phase parameters or batch there is no op that failed: ``module`` is the one that reads the
    bad tensor first and ``tensor`` names it.
    """

    phase: Phase
    module: str
    op: str
    forward_op: str | None = None
    module_class: str = ""
    source: Source | None = None
    user_source: Source | None = None
    samples: tuple[int, ...] | None = None
    inputs: tuple[OpTensor, ...] = ()
    outputs: tuple[OpTensor, ...] = ()
    forward_inputs: tuple[OpTensor, ...] = ()
    """Inputs of ``forward_op`` where the phase is backward."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The op's arguments that are no tensors (``dim``, ``eps``, ``correction``, ...)."""
    path_to_loss: tuple[str, ...] = ()
    """``"module: op"`` from the origin to the loss or gradient."""
    reaches: tuple[str, ...] = ()
    """Where the bad elements arrive: ``loss``, names of parameters whose gradient is bad."""
    tensor: str | None = None
    """Name of the bad parameter, buffer, batch entry or optimizer state, where there is one."""
    positions: tuple[str, ...] = ()
    """Token or pixel positions, where the layout tells (``sample 3, token 17``)."""
    consumers: tuple[str, ...] = ()
    """``"module: op"`` of the forward ops that read the (forward) op's result, directly or not, in
    order, up to about two dozen: shows a ``where`` or ``clamp`` that comes too late."""
    calls: int = 1
    """Which call of a module that is called several times, from 1."""
    repeats: int = 0
    """How many of the (forward) op's ancestors are the same op in the same module: a recurrence."""


@dataclass(frozen=True, slots=True)
class LayerNumerics:
    """Key numerics of one layer near the origin (attention scores, variance, log arguments)."""

    module: str
    kind: str
    values: Mapping[str, float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class DtypeFit:
    """How a tensor's finite values fit a dtype.

    Args:
        bits_to_max: log2(largest finite value of the dtype / largest magnitude); below 0 = too big.
        bits_to_min: log2(smallest magnitude above 0 / smallest subnormal of the dtype).
        share_saturated: Share of all elements beyond the largest finite value.
        share_underflow: Share of the non-zero elements that would become 0.
    """

    bits_to_max: float
    bits_to_min: float
    share_saturated: float
    share_underflow: float


@dataclass(frozen=True, slots=True)
class Headroom:
    """What one module's output, or the gradient of it, needs of a dtype's range."""

    module: str
    module_class: str
    kind: Literal["activation", "gradient"]
    dtype: str
    absmax: float
    absmin: float
    """Smallest magnitude above 0."""
    fits: Mapping[str, DtypeFit]
    """By dtype: float16, bfloat16, float8_e4m3fn, float8_e5m2."""
    low: float = 0.0
    """99 % of the magnitudes above 0 are at least this."""
    share_lost: float = 0.0
    """Gradients: share of the non-zero elements that float16 turns to 0 at the recorded scale."""
