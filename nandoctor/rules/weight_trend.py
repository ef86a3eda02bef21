"""Weights that grow from checkpoint to checkpoint towards what float16 holds; not a rule."""

from __future__ import annotations

from nandoctor.evidence import CheckpointFacts, Evidence
from nandoctor.findings import Finding, Grade
from nandoctor.rules.attribution import component_of
from nandoctor.signals import steps_to_limit

FP16 = ("fp16", "fp16_amp")
MOST = 3


def limit_ahead(evidence: Evidence, code: str, cause: str) -> tuple[Finding, ...]:
    """Return a note for each weight that would reach 65,504 within ten times what was observed."""
    crash = evidence.crash
    if crash is None or crash.training.precision not in FP16 or crash.training.step is None:
        return ()
    before = _earlier(evidence, crash.training.step)
    if before is None or before.training.step is None:
        return ()
    interval = crash.training.step - before.training.step
    old = {t.name: t.absmax for t in before.tensors if t.role == "parameter"}
    found = []
    for tensor in crash.tensors:
        first, last = old.get(tensor.name), tensor.absmax
        if tensor.role != "parameter" or first is None or last is None:
            continue
        steps = steps_to_limit(first, last, interval)
        if steps is not None:
            found.append((steps, tensor.name, first, last))
    return tuple(_finding(code, cause, interval, *item) for item in sorted(found)[:MOST])


def _earlier(evidence: Evidence, step: int) -> CheckpointFacts | None:
    """The newest checkpoint from before the crash one, the last good one first."""
    others = [evidence.last_good, *evidence.checkpoints[1:]]
    known = [facts for facts in others if facts and facts.tensors]
    return next((f for f in known if f.training.step is not None and f.training.step < step), None)


def _finding(
    code: str, cause: str, interval: int, steps: float, name: str, first: float, last: float
) -> Finding:
    message = (f"{name} grows by {(last - first) / interval:.3g} a step and reaches fp16's maximum "
               f"of 65,504 in about {steps:.0f} steps")  # fmt: skip
    line = f"largest magnitude {first:.4g} and {last:.4g}, {interval} steps apart"
    return Finding(
        code, cause, "note", Grade.hypothesis, message, name, evidence=(line,), score=0.3,
        component=component_of(name), is_cause=False,
    )  # fmt: skip
