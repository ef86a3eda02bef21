"""Builders of evidence and reports for all tests; every value is made up, nothing is read."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from nandoctor.evidence import (
    CheckpointFacts,
    DtypeFit,
    Evidence,
    Forecast,
    Headroom,
    LayerNumerics,
    LogEvent,
    LogFacts,
    MetricHistory,
    OpTensor,
    Origin,
    Pattern,
    ReplayFacts,
    Skipped,
    Source,
    TensorChange,
    TensorSeries,
    TensorStats,
    TrainingState,
    Trial,
    metric_history,
)
from nandoctor.findings import (
    Alternative,
    ChecklistItem,
    DecisionStep,
    Diagnosis,
    Finding,
    Grade,
    Prescription,
    Report,
)

NAN = math.nan

HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "[bold red]markup[/bold red] [/nope]",
    "\x1b[31mred\x1b[0m\x07\u202ereversed",
    "pipe|back`tick`\n## heading\r\n::error::injected",
    "'\"&]]>--> {{x}} %0A ${HOME}",
    "layer." * 50 + "weight",
)
"""Names that would do harm in a renderer that trusts them; none may."""


def tensor(name: str = "vision_tower.conv.weight", **changes: Any) -> TensorStats:
    """Build the statistics of a healthy fp32 parameter, changed as asked."""
    healthy = TensorStats(
        name=name, role="parameter", dtype="float32", shape=(16, 8), numel=128,
        min=-0.41, max=0.39, l2=1.72, mean=0.002, std=0.152,
    )  # fmt: skip
    return replace(healthy, **changes)


def history(num_steps: int = 60, *, crash: bool = True, start: int = 1000) -> MetricHistory:
    """Build a falling loss curve that rises exponentially to NaN at its end where asked."""
    loss = [2.0 * 0.99**i + 0.05 * math.sin(1.7 * i) for i in range(num_steps)]
    grad = [1.0 + 0.1 * math.cos(0.9 * i) for i in range(num_steps)]
    if crash:
        for i in range(num_steps - 11, num_steps - 1):
            factor = 1.9 ** (i - (num_steps - 11) + 1)
            loss[i], grad[i] = loss[i] * factor, grad[i] * factor
        loss[-1] = grad[-1] = NAN
    steps = range(start, start + num_steps)
    lines = range(2, num_steps + 2)
    return metric_history(steps, line=list(lines), loss=loss, grad_norm=grad, lr=[3e-4] * num_steps)


def pattern(**changes: Any) -> Pattern:
    """Build the pattern of ``history()``."""
    exponential = Pattern(
        pattern="exponential", outcome="nan", onset_step=1049, first_nonfinite_step=1059,
        confidence=0.93,
        evidence=("loss grew 1.9x a step over 10 steps", "noise before: 3.1 % of the median"),
    )  # fmt: skip
    return replace(exponential, **changes)


def log_facts(**changes: Any) -> LogFacts:
    """Build one read log with its pattern and forecast."""
    facts = LogFacts(
        path="run/metrics.csv", format="csv", history=history(), num_lines=61,
        pattern=pattern(), forecast=Forecast(watch=(1050,), alarm=(1051,), lead=8),
    )  # fmt: skip
    return replace(facts, **changes)


def log_event(kind: str = "nccl_timeout", line: int = 1203, **changes: Any) -> LogEvent:
    """Build one line of a log that says more than numbers."""
    text = "[rank3]: Watchdog caught collective operation timeout"
    return replace(LogEvent(kind=kind, line=line, text=text, rank=3), **changes)


def checkpoint(**changes: Any) -> CheckpointFacts:
    """Build a scanned crash checkpoint."""
    training = TrainingState(
        step=1059, lr=3e-4, precision="fp16_amp", optimizer="AdamW", loss_scale=65536.0,
        param_groups=({"lr": 3e-4, "eps": 1e-8},), rng_kinds=("torch",), history=history(),
    )  # fmt: skip
    facts = CheckpointFacts(
        path="run/debug_checkpoint_step_1059.pt", format="pt", training=training,
        tensors=(tensor(), tensor("language_model.head.weight", l2=3.4)),
        num_bytes=345_678, missing=("scaler", "data_position"),
    )  # fmt: skip
    return replace(facts, **changes)


def source(**changes: Any) -> Source:
    """Build a place in user code."""
    place = Source(
        file="/home/ada/project/model.py", line=42, function="Head.forward",
        code="scores = torch.log(probabilities)",
    )  # fmt: skip
    return replace(place, **changes)


def origin(**changes: Any) -> Origin:
    """Build a forward origin: log of a zero in sample 3."""
    going_in = tensor(
        "input", role="activation", shape=(8, 32), numel=256, num_zero=1,
        min=0.0, max=0.98, mean=0.031, std=0.09, l2=1.4,
    )  # fmt: skip
    coming_out = replace(going_in, name="output", num_neginf=1, min=-9.1, max=-0.02, mean=-3.5)
    place = Origin(
        phase="forward", module="language_model.head", op="log", module_class="Head",
        source=source(), user_source=source(), samples=(3,),
        inputs=(OpTensor(going_in, offending=(0.0,), indices=((3, 17),)),),
        outputs=(OpTensor(coming_out, offending=(-math.inf,), indices=((3, 17),)),),
        path_to_loss=("language_model.head: log", ": mul", "loss: sum"),
        reaches=("loss", "language_model.head.weight"),
        positions=("sample 3, token 17",),
    )  # fmt: skip
    return replace(place, **changes)


def headroom(module: str = "language_model.layers.0.mlp", bits: float = 1.2) -> Headroom:
    """Build the measured range of one module's output with this room in fp16."""
    fits = {"float16": 0.0, "bfloat16": 112.0, "float8_e4m3fn": -7.2, "float8_e5m2": -0.2}
    return Headroom(
        module=module, module_class="MLP", kind="activation", dtype="float16",
        absmax=65_504.0 / 2**bits, absmin=1e-4,
        fits={name: DtypeFit(bits + more, 12.0, 0.1 if bits + more < 0 else 0.0, 0.0)
              for name, more in fits.items()},
    )  # fmt: skip


def gradient_headroom(module: str = "vision_tower.conv", lost: float = 0.62) -> Headroom:
    """Build the measured range of one module's gradient, of which fp16 loses this share."""
    fp16, bf16 = DtypeFit(22.0, -10.0, 0.0, lost), DtypeFit(134.0, 100.0, 0.0, 0.0)
    return Headroom(
        module=module, module_class="Conv2d", kind="gradient", dtype="float16", absmax=0.015,
        absmin=1e-12, fits={"float16": fp16, "bfloat16": bf16}, low=1e-10, share_lost=lost / 20,
    )  # fmt: skip


def replay_facts(**changes: Any) -> ReplayFacts:
    """Build a reproduced failing step."""
    gradients = tuple(
        tensor(f"language_model.layers.{i}.weight", role="gradient", l2=10.0 ** (i - 9), mean=0.0)
        for i in range(10)
    )
    facts = ReplayFacts(
        is_reproduced=True, phase="forward", loss=NAN, grad_norm=NAN, recorded_loss=NAN,
        num_gradients=24, num_bad_gradients=24, origin=origin(), gradients=gradients,
        batch=(tensor("pixel_values", role="batch", shape=(8, 3, 16, 16), min=0.0, max=1.0),),
        numerics=(LayerNumerics("language_model.head", "log_argument", {"min": 0.0, "max": 0.98}),),
        headroom=(headroom(), headroom("vision_tower.conv", -0.5), headroom("head", 11.0),
                  gradient_headroom()),
        harmless=("attention mask: 14 -inf that reach nothing",),
    )  # fmt: skip
    return replace(facts, **changes)


def trials() -> tuple[Trial, ...]:
    """Build one trial of every outcome."""
    return (
        Trial("eps", "fixed", loss=1.8342, detail="log(x + 1e-08)", seconds=0.021),
        Trial("fp32", "not_fixed", loss=NAN, detail="loss nan as before", seconds=0.019),
        Trial("math_attention", "not_applicable", detail="no attention op in the step"),
        Trial("fp64", "failed", detail="op has no float64 kernel", seconds=0.004),
        Trial("nan_to_num", "fixed", loss=1.2, seconds=0.02, hides=True),
    )


def finding(**changes: Any) -> Finding:
    """Build the finding of log of zero."""
    found = Finding(
        code="ND101", cause="log_of_zero", severity="error", grade=Grade.verified,
        message="log got a zero in sample 3 and gave -inf",
        where="language_model.head", evidence=("1 of 256 inputs is exactly 0",), score=0.9,
    )  # fmt: skip
    return replace(found, **changes)


def note(**changes: Any) -> Finding:
    """Build a finding that is harmless."""
    found = finding(
        code="ND701", cause="no_rng_state", severity="note", grade=Grade.observed,
        message="the checkpoint has no CUDA RNG state", where="", is_cause=False,
    )  # fmt: skip
    return replace(found, **changes)


def diagnosis(**changes: Any) -> Diagnosis:
    """Build a verified diagnosis of log of zero."""
    verdict = Diagnosis(
        cause="log_of_zero", code="ND101", grade=Grade.verified, confidence=0.97,
        component="language",
        evidence=(
            "log in language_model.head got 1 zero in sample 3, token 17",
            "with eps at that op the loss is 1.834 and all 24 gradients are finite",
        ),
        against=("the loss had risen for 10 steps before",),
        alternatives=(
            Alternative("fp16_overflow", Grade.hypothesis, "fp32 did not fix the step"),
            Alternative("learning_rate_too_high", Grade.observed, ""),
        ),
    )  # fmt: skip
    return replace(verdict, **changes)


def decision() -> tuple[DecisionStep, ...]:
    """Build a walk through the decision tree."""
    return (
        DecisionStep("Within the first 1000 steps?", "no", "the crash is at step 1059"),
        DecisionStep("Mixed precision?", "yes", "autocast fp16, loss scale 65536"),
        DecisionStep("Abnormally large gradients?", "no", "grad norm 1.1, limit 1000"),
        DecisionStep("Recoverable from a checkpoint?", "yes", "last_good_step_1040.pt is finite"),
    )


def prescriptions() -> tuple[Prescription, ...]:
    """Build what to do, in order."""
    return (
        Prescription(
            "Add an epsilon inside the log", "torch.log(probabilities + 1e-8)",
            Grade.verified, "the trial eps made the step finite",
        ),
        Prescription("Resume from", "last_good_step_1040.pt", Grade.observed, "all finite"),
        Prescription("Clip gradients at", "5.0", Grade.hypothesis, "2.5x the healthy maximum"),
    )  # fmt: skip


def report(**changes: Any) -> Report:
    """Build the full report of a diagnosed run."""
    bad = tensor(
        "language_model.head.weight.grad", role="gradient", num_nan=128, min=None, max=None,
        l2=None, mean=None, std=None, first_bad=(0, 0),
    )  # fmt: skip
    full = Report(
        command="diagnose", inputs=("run",), findings=(finding(), note()), diagnosis=diagnosis(),
        pattern=pattern(), forecast=log_facts().forecast, replay=replay_facts(), trials=trials(),
        tensors=(bad, tensor("vision_tower.conv.weight", max=8734.5, l2=9001.2)),
        decision=decision(), prescriptions=prescriptions(), logs=(log_facts(),),
        checkpoints=(checkpoint(),),
        similar=("log_of_zero at head: log (82% alike), cured by eps",),
        skipped=(Skipped("optimizer phase", "no optimizer state", "whether Adam is corrupt"),),
        timings={"read checkpoint": 0.041, "read logs": 0.012, "replay": 0.83, "trials": 1.9},
    )  # fmt: skip
    return replace(full, **changes)


def clean_report(**changes: Any) -> Report:
    """Build the report of a healthy run."""
    healthy = Pattern(pattern="healthy", outcome="healthy", confidence=0.98)
    log = log_facts(history=history(crash=False), pattern=healthy, forecast=Forecast())
    clean = Report(
        command="diagnose", inputs=("run",), pattern=healthy, forecast=Forecast(), logs=(log,),
        checkpoints=(checkpoint(missing=()),), findings=(note(),), timings={"read logs": 0.01},
    )  # fmt: skip
    return replace(clean, **changes)


def undecided_report(**changes: Any) -> Report:
    """Build a report in which the evidence does not decide."""
    undecided = report(
        diagnosis=None, replay=None, trials=(), prescriptions=(), decision=(),
        findings=(finding(grade=Grade.observed, severity="warning"),),
        next_evidence="save the batch of the crash step (batch.pt) and run diagnose again",
    )  # fmt: skip
    return replace(undecided, **changes)


def hostile_report() -> Report:
    """Build a report in which every free string is a name that would do harm if trusted."""
    first, *_ = HOSTILE_NAMES
    every = " ".join(HOSTILE_NAMES)
    stats = tuple(tensor(name, num_nan=1) for name in HOSTILE_NAMES)
    place = source(file=f"/tmp/{every}.py", function=first, code=every)
    bad = origin(module=every, source=place, user_source=place, path_to_loss=HOSTILE_NAMES)
    return report(
        inputs=HOSTILE_NAMES, tensors=stats,
        findings=tuple(finding(message=name, where=name) for name in HOSTILE_NAMES),
        diagnosis=diagnosis(evidence=HOSTILE_NAMES, against=HOSTILE_NAMES),
        replay=replay_facts(origin=bad, gradients=stats, batch=stats, harmless=HOSTILE_NAMES),
        trials=(Trial("eps", "fixed", loss=1.0, detail=every),),
        decision=tuple(DecisionStep(name, name, name) for name in HOSTILE_NAMES),
        prescriptions=tuple(Prescription(name, name, why=name) for name in HOSTILE_NAMES),
        logs=(log_facts(path=every, events=(log_event(text=every),)),),
        checkpoints=(checkpoint(path=every, dangerous=HOSTILE_NAMES, classes=HOSTILE_NAMES),),
        skipped=tuple(Skipped(name, name, name) for name in HOSTILE_NAMES),
        next_evidence=every,
    )  # fmt: skip


def files_report(command: str = "triage") -> Report:
    """Build a report over three inputs: one crashed, one healthy, one that could not be read."""
    crashed = undecided_report(
        command=command, inputs=("logs/rank0.log",), tensors=(), checkpoints=(), skipped=(),
        findings=(finding(code="ND601", cause="learning_rate_too_high", where="line 1059"),),
    )  # fmt: skip
    healthy = clean_report(command=command, inputs=("logs/rank1.log",), checkpoints=(), findings=())
    foreign = Report(
        command=command, inputs=("logs/picture.png",),
        skipped=(Skipped("logs/picture.png", "not a log"),),
    )  # fmt: skip
    return Report(
        command=command, inputs=tuple(f.inputs[0] for f in (crashed, healthy, foreign)),
        files=(crashed, healthy, foreign), timings={"read logs": 0.2},
    )  # fmt: skip


def evidence(**changes: Any) -> Evidence:
    """Build the evidence behind ``report()``."""
    full = Evidence(
        command="diagnose", inputs=("run",), checkpoints=(checkpoint(),), logs=(log_facts(),),
        replay=replay_facts(), trials=trials(),
    )  # fmt: skip
    return replace(full, **changes)


def tensor_series(name: str = "head.weight", **changes: Any) -> TensorSeries:
    """Build a tensor that grows over three checkpoints and turns bad in the third."""
    grown = TensorSeries(
        name=name, role="parameter", steps=(100, 200, 300), l2=(1.0, 9.5, None),
        num_nonfinite=(0, 0, 128), last_good_step=200, first_bad_step=300,
    )  # fmt: skip
    return replace(grown, **changes)


def checklist() -> tuple[ChecklistItem, ...]:
    """Build one point of the checklist of every kind."""
    return (
        ChecklistItem("before", "the learning rate warms up", "no", "lr 3e-4 from step 0"),
        ChecklistItem("during", "the gradient norm is logged", "yes", "column grad_norm"),
        ChecklistItem("after", "the batch of the crash was saved", "unknown"),
        ChecklistItem("pitfall", "AMP was trusted blindly", "no", "fp32", is_good=False),
    )


def series_report() -> Report:
    """Build the report of two checkpoints of a run."""
    early, late = checkpoint(path="run/step_100.pt"), checkpoint(path="run/step_300.pt")
    files = tuple(
        Report(command="inspect", inputs=(facts.path,), checkpoints=(facts,), findings=(note(),))
        for facts in (early, late)
    )
    steady = tensor_series("norm.weight", l2=(1.0, 1.1, 1.2), num_nonfinite=(0, 0, 0))
    return Report(
        command="inspect", inputs=(early.path, late.path), files=files,
        series=(tensor_series(), steady),
    )  # fmt: skip


def compare_report() -> Report:
    """Build the comparison of a healthy and a crashed checkpoint with every kind of change."""
    good = tensor()
    bad, half = replace(good, num_nan=3), replace(good, dtype="bfloat16")
    changes = (
        TensorChange("head.weight", "parameter", "new_nonfinite", 0.1, good, bad),
        TensorChange("old.bias", "parameter", "missing", None, good, None),
        TensorChange("stem.weight", "parameter", "shape", None, good, replace(good, shape=(8, 16))),
        TensorChange("norm.weight", "parameter", "dtype", 0.0, good, half),
        TensorChange("norm.weight.exp_avg", "exp_avg", "reset", 1.0, good, replace(good, l2=0.0)),
        TensorChange("new.bias", "parameter", "added", None, None, good),
        TensorChange("tail.weight", "parameter", "moved", 0.37, good, good),
        TensorChange("same.weight", "parameter", "same", 0.0, good, good),
    )
    files = tuple(
        Report(command="inspect", inputs=(path,), checkpoints=(checkpoint(path=path),))
        for path in ("run/a.pt", "run/b.pt")
    )
    return Report(command="compare", inputs=("run/a.pt", "run/b.pt"), files=files, changes=changes)


def checklist_report() -> Report:
    """Build an answered checklist."""
    return report(command="checklist", checklist=checklist())
