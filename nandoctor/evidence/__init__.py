"""What was observed, as plain values: facts only, never a cause or a grade."""

from nandoctor.evidence.checkpoints import CheckpointFacts, Damage, TrainingState
from nandoctor.evidence.collected import Evidence, Skipped
from nandoctor.evidence.history import Column, MetricHistory, column_of, metric_history
from nandoctor.evidence.logs import Forecast, LogEvent, LogFacts, Outcome, Pattern, PatternName
from nandoctor.evidence.origin import (
    DtypeFit,
    Headroom,
    LayerNumerics,
    OpTensor,
    Origin,
    Phase,
    Source,
)
from nandoctor.evidence.replay import Probe, ReplayFacts, Trial, TrialOutcome
from nandoctor.evidence.tensors import (
    Component,
    Histogram,
    Role,
    TensorChange,
    TensorSeries,
    TensorStats,
)

__all__ = [
    "CheckpointFacts",
    "Column",
    "Component",
    "Damage",
    "DtypeFit",
    "Evidence",
    "Forecast",
    "Headroom",
    "Histogram",
    "LayerNumerics",
    "LogEvent",
    "LogFacts",
    "MetricHistory",
    "OpTensor",
    "Origin",
    "Outcome",
    "Pattern",
    "PatternName",
    "Phase",
    "Probe",
    "ReplayFacts",
    "Role",
    "Skipped",
    "Source",
    "TensorChange",
    "TensorSeries",
    "TensorStats",
    "TrainingState",
    "Trial",
    "TrialOutcome",
    "column_of",
    "metric_history",
]
