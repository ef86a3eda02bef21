"""What was observed, as plain values: facts only, never a cause or a grade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Phase = Literal["batch", "parameters", "forward", "backward", "optimizer"]
Component = Literal["vision", "projector", "language", "loss", "optimizer", "data", "other"]
Role = Literal[
    "parameter", "buffer", "gradient", "exp_avg", "exp_avg_sq", "optimizer", "master", "ema",
    "scaler", "scheduler", "rng", "history", "batch", "activation", "other",
]  # fmt: skip
PatternName = Literal["healthy", "spike", "exponential", "oscillating"]
Outcome = Literal["healthy", "recovered", "diverged", "nan", "inf", "ongoing"]
TrialOutcome = Literal["fixed", "not_fixed", "not_applicable", "failed"]


@dataclass(frozen=True, slots=True)
class TensorStats:
    """Statistics of one tensor in one pass.

    ``min``, ``max``, ``mean``, ``std`` (population) and ``l2`` are over the finite elements, None
    where there is none. Complex tensors are counted by their real and imaginary parts.
    """

    name: str
    role: Role
    dtype: str
    shape: tuple[int, ...]
    numel: int
    num_nan: int = 0
    num_posinf: int = 0
    num_neginf: int = 0
    num_zero: int = 0
    num_subnormal: int = 0
    num_at_limit: int = 0
    min: float | None = None
    max: float | None = None
    l2: float | None = None
    mean: float | None = None
    std: float | None = None
    first_bad: tuple[int, ...] | None = None
    """Logical coordinates of the first non-finite element."""
    absmax_index: tuple[int, ...] | None = None
    """Logical coordinates of the finite element of largest magnitude."""
    rms_rest: float | None = None
    """Root mean square of the finite elements but the largest: the family of a bit flip."""
    file: str = ""
    """The file that holds it, relative to what was opened; empty where there is one file only."""

    @property
    def num_nonfinite(self) -> int:
        """Elements that are NaN, +Inf or -Inf."""
        return self.num_nan + self.num_posinf + self.num_neginf

    @property
    def is_finite(self) -> bool:
        """Whether every element is finite."""
        return self.num_nonfinite == 0

    @property
    def absmax(self) -> float | None:
        """Largest magnitude of a finite element."""
        if self.min is None or self.max is None:
            return None
        return max(abs(self.min), abs(self.max))


@dataclass(frozen=True, slots=True)
class Column:
    """One metric over the rows of a log.

    Args:
        values: float64[n]; NaN and ±Inf as logged; meaningless where not logged.
        logged: bool[n]; False where the row does not carry this metric.
    """

    values: NDArray[np.float64]
    logged: NDArray[np.bool_]

    @property
    def finite(self) -> NDArray[np.bool_]:
        """bool[n]: logged and finite."""
        mask: NDArray[np.bool_] = self.logged & np.isfinite(self.values)
        return mask

    @property
    def nonfinite(self) -> NDArray[np.bool_]:
        """bool[n]: logged and NaN or ±Inf."""
        mask: NDArray[np.bool_] = self.logged & ~np.isfinite(self.values)
        return mask

    def __getitem__(self, rows: Any) -> Column:
        return Column(self.values[rows], self.logged[rows])


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """A training log as arrays, one row a logged step, in file order.

    Canonical column names: ``loss``, ``grad_norm``, ``lr``, ``loss_scale``; further metrics keep
    the name that the log gives them (``val_loss``, ``update_norm``, ``num_nan_steps``, ...).
    """

    step: NDArray[np.int64]
    columns: Mapping[str, Column]
    line: NDArray[np.int64]
    """int64[n]: 1-based line in the file, 0 where the format has no lines."""
    segment: NDArray[np.int32]
    """int32[n]: which run or restart of the file a row belongs to, from 0."""
    is_step_index: bool = False
    """The log prints no step: ``step`` is the row's index."""

    def __len__(self) -> int:
        return len(self.step)

    @property
    def loss(self) -> Column | None:
        """The training loss."""
        return self.columns.get("loss")

    @property
    def grad_norm(self) -> Column | None:
        """The global gradient norm before clipping."""
        return self.columns.get("grad_norm")

    @property
    def lr(self) -> Column | None:
        """The learning rate."""
        return self.columns.get("lr")

    @property
    def loss_scale(self) -> Column | None:
        """The mixed-precision loss scale."""
        return self.columns.get("loss_scale")

    def rows(self, rows: Any) -> MetricHistory:
        """Return the rows that a mask, slice or index array selects."""
        return replace(
            self,
            step=self.step[rows],
            line=self.line[rows],
            segment=self.segment[rows],
            columns={name: column[rows] for name, column in self.columns.items()},
        )

    def segments(self) -> Iterator[MetricHistory]:
        """Yield the history of each run or restart in the file."""
        for number in np.unique(self.segment):
            yield self.rows(self.segment == number)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame indexed by step; not-logged cells are ``pd.NA``."""
        import pandas as pd

        data: dict[str, Any] = {"line": self.line, "segment": self.segment}
        for name, column in self.columns.items():
            data[name] = pd.arrays.FloatingArray(column.values.copy(), ~column.logged)
        return pd.DataFrame(data, index=pd.Index(self.step, name="step"))


def metric_history(
    step: Any, *, line: Any = None, segment: Any = None, is_step_index: bool = False,
    **columns: Any,
) -> MetricHistory:  # fmt: skip
    """Build a MetricHistory from sequences; None in a sequence = not logged."""
    steps = np.asarray(step, dtype=np.int64)
    zeros = np.zeros(len(steps), dtype=np.int64)
    return MetricHistory(
        step=steps,
        columns={name: column_of(values) for name, values in columns.items() if values is not None},
        line=zeros if line is None else np.asarray(line, dtype=np.int64),
        segment=(zeros if segment is None else np.asarray(segment)).astype(np.int32),
        is_step_index=is_step_index,
    )


def column_of(values: Any) -> Column:
    """Build a Column from a sequence of numbers and None (not logged)."""
    logged = np.array([value is not None for value in values], dtype=bool)
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    return Column(numbers.astype(np.float64), logged)


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line of a log that says more than numbers (overflow, traceback, NCCL timeout, ...)."""

    kind: str
    line: int
    text: str
    step: int | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a loss curve exploded. ``confidence`` is calibrated, in 0..1."""

    pattern: PatternName
    outcome: Outcome
    onset_step: int | None = None
    first_nonfinite_step: int | None = None
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()
    segments: tuple[Pattern, ...] = ()
    hidden_nan_step: int | None = None
    """First step at which a log that filters NaN hid one; None where nothing is hidden."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The causal alarms of a log: each step is computed from the rows up to it only."""

    watch: tuple[int, ...] = ()
    alarm: tuple[int, ...] = ()
    lead: int | None = None
    """Steps from the first alarm (else the first watch) to the crash; None without either."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """One log, read."""

    path: str
    format: str
    history: MetricHistory
    events: tuple[LogEvent, ...] = ()
    pattern: Pattern | None = None
    forecast: Forecast | None = None
    num_lines: int = 0
    num_unread: int = 0
    unread_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not looked at, with the reason: a value, not an error."""

    what: str
    reason: str
    would_add: str = ""
    """What it would have added to the diagnosis."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a file that could not be read."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What a checkpoint knows about the training besides tensors; None = not in the file."""

    step: int | None = None
    epoch: float | None = None
    lr: float | None = None
    precision: str | None = None
    """fp32, fp16, bf16, fp16_amp, bf16_amp or fp64 (``*_amp`` = autocast)."""
    optimizer: str | None = None
    """Class name where known, else guessed from the state's keys (``Adam``, ``SGD``)."""
    param_groups: tuple[Mapping[str, Any], ...] = ()
    """Hyper-parameters of each group, without the parameter indices."""
    accumulation_steps: int | None = None
    max_grad_norm: float | None = None
    loss_scale: float | None = None
    scaler: Mapping[str, Any] | None = None
    scheduler: Mapping[str, Any] | None = None
    rng_kinds: tuple[str, ...] = ()
    """Which RNG states are stored: torch, cuda, numpy, python."""
    has_data_position: bool = False
    history: MetricHistory | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    """Scalars at the top level that have no field of their own."""


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """One checkpoint, scanned."""

    path: str
    format: str
    tensors: tuple[TensorStats, ...]
    training: TrainingState
    num_bytes: int = 0
    classes: tuple[str, ...] = ()
    """Classes that the file names and that were replaced by inert placeholders."""
    dangerous: tuple[str, ...] = ()
    """Globals that would run code when unpickled; never resolved."""
    damage: tuple[Damage, ...] = ()
    missing: tuple[str, ...] = ()
    """What a faithful resume would lack: optimizer, scheduler, scaler, rng, data_position."""


@dataclass(frozen=True, slots=True)
class TensorSeries:
    """One tensor over a series of checkpoints, in the order of their steps."""

    name: str
    role: Role
    steps: tuple[int | None, ...]
    l2: tuple[float | None, ...]
    """L2 norm of the finite elements; None where the checkpoint lacks the tensor."""
    num_nonfinite: tuple[int, ...]
    last_good_step: int | None = None
    """Step of the last checkpoint in which it was finite before it turned bad."""
    first_bad_step: int | None = None


@dataclass(frozen=True, slots=True)
class TensorChange:
    """What became of one tensor from checkpoint A to checkpoint B.

    ``kind``: new_nonfinite, missing (in B), added (in B), shape, dtype, reset (a moment that is
    all zero in B), moved, same.
    """

    name: str
    role: Role
    kind: str
    moved: float | None = None
    """L2 norm of the difference over the L2 norm in A, finite elements only."""
    before: TensorStats | None = None
    after: TensorStats | None = None


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


@dataclass(frozen=True, slots=True)
class Trial:
    """One intervention that was run: one thing changed, the step judged again."""

    intervention: str
    outcome: TrialOutcome
    loss: float | None = None
    detail: str = ""
    seconds: float = 0.0
    hides: bool = False
    """The change removes the symptom whatever the cause; it confirms nothing."""


@dataclass(frozen=True, slots=True)
class ReplayFacts:
    """The failing step, run again."""

    is_reproduced: bool
    phase: Phase | None
    loss: float | None
    device: str = "cpu"
    precision: str = "fp32"
    grad_norm: float | None = None
    """Global L2 norm of the unscaled gradients before clipping."""
    recorded_loss: float | None = None
    recorded_grad_norm: float | None = None
    num_gradients: int = 0
    num_bad_gradients: int = 0
    num_bad_after_step: int = 0
    """Parameters and state tensors that are non-finite after the optimizer step only."""
    origin: Origin | None = None
    others: tuple[Origin, ...] = ()
    """Further independent origins, in order of reach."""
    batch: tuple[TensorStats, ...] = ()
    gradients: tuple[TensorStats, ...] = ()
    numerics: tuple[LayerNumerics, ...] = ()
    headroom: tuple[Headroom, ...] = ()
    """By module in the order of the forward pass; the unscaled gradients likewise."""
    harmless: tuple[str, ...] = ()
    """Non-finite tensors that reach nothing (masks, unused buffers), in words."""
    notes: tuple[str, ...] = ()
    is_batch_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """The batch of one step of the data stream, run on the weights of the last good checkpoint.

    Args:
        recorded_loss: What the run logged for that step, None where it did not.
    """

    step: int
    loss: float
    grad_norm: float | None
    recorded_loss: float | None = None
    recorded_grad_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was observed; the only input of the rules."""

    command: str
    inputs: tuple[str, ...] = ()
    checkpoints: tuple[CheckpointFacts, ...] = ()
    """The crash checkpoint first, then others, newest first."""
    last_good: CheckpointFacts | None = None
    """The newest checkpoint before the crash, where there is one."""
    logs: tuple[LogFacts, ...] = ()
    replay: ReplayFacts | None = None
    trials: tuple[Trial, ...] = ()
    probes: tuple[Probe, ...] = ()
    """Batches of the steps before the onset on the last good weights, by step: its own first."""
    skipped: tuple[Skipped, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds each stage took."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Settings that the user changed, e.g. ``grad_norm``."""

    @property
    def crash(self) -> CheckpointFacts | None:
        """The crash checkpoint."""
        return self.checkpoints[0] if self.checkpoints else None

    @property
    def history(self) -> MetricHistory | None:
        """The longest log with a loss, else the crash checkpoint's own history."""
        logged = [log.history for log in self.logs if log.history.loss is not None]
        if logged:
            return max(logged, key=len)
        return self.crash.training.history if self.crash else None

    @property
    def pattern(self) -> Pattern | None:
        """The pattern of the leading log."""
        patterns = [(len(log.history), log.pattern) for log in self.logs if log.pattern]
        return max(patterns, key=lambda pair: pair[0])[1] if patterns else None

    def trial(self, intervention: str) -> Trial | None:
        """Return the trial of that id, None where it was not run."""
        return next((t for t in self.trials if t.intervention == intervention), None)

    def is_fixed_by(self, intervention: str) -> bool:
        """Whether that intervention was run and made everything finite."""
        trial = self.trial(intervention)
        return trial is not None and trial.outcome == "fixed"
