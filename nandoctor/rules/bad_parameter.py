"""Rule: a weight that is non-finite, or so far off that no training step made it."""

import math
from dataclasses import replace

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.attribution import component_of
from nandoctor.rules.curve import curve_of
from nandoctor.rules.leap import leap_of_plain
from nandoctor.rules.moments import moved_too_far
from nandoctor.rules.site import replayed
from nandoctor.rules.unread import as_note, is_step_sound
from nandoctor.rules.weights import is_buffer, is_flipped, is_lone, is_passed, whose_fault

CODE, CAUSE = "ND401", "bad_parameter"
COMPARE = (Prescription("Compare the weights before and after that step", "nandoctor compare A B"),)

DOC = """
## What it does
Reports weights that are NaN or Inf, and one element that stands 1000 times above its tensor.

## Why it matters
A bit flip in memory, a torn write, a bad download or a merge puts one wrong number into one tensor.
Every step from there is lost, and the op that shows it is innocent.

## Example
```
decoder.blocks.3.mlp.fc2.weight: 1 NaN of 4096
```

## Use instead
Restore the tensor (or all) from the newest checkpoint in which it is whole; keep checksums.

## Look-alikes
NaN in *most* tensors is what an optimizer step with NaN gradients leaves behind: the checkpoint was
saved too late, and the cause lies a step earlier. A buffer is `bad_buffer`. Weights that all grew
are dynamics. Embedding rows of rare tokens may legitimately be large.

## References
Meta 2021, "Silent data corruptions at scale"; QwenLM/Qwen3-VL#1099.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on non-finite parameters and on single elements out of all proportion."""
    found = [*_replayed(evidence), *_stored(evidence)] or _left(evidence)
    names: set[str] = set()
    unique = [f for f in found if not (f.where in names or names.add(f.where))]  # type: ignore[func-returns-value]
    return tuple(unique[:8])


def _replayed(evidence: Evidence) -> list[Finding]:
    replay = replayed(evidence)
    origin = replay.origin if replay else None
    if replay is None or origin is None:
        return []
    if replay.phase != "parameters":
        read = [item.stats for item in (*origin.inputs, *origin.forward_inputs)]
        flipped = [_flipped(stats, evidence) for stats in read if is_flipped(stats)]
        return [*_repaired(evidence), *flipped]
    if is_buffer(evidence, origin.tensor or ""):
        return []
    name = origin.tensor or origin.module
    message = f"{name} is non-finite and is read first by {origin.module or 'the root'}"
    late = whose_fault(evidence, name)
    return [_finding(message, name, 0.3 if late else 0.95, late, grade=Grade.reproduced)]


def _repaired(evidence: Evidence) -> list[Finding]:
    """A finite weight out of family, shown by the repair that made the step finite."""
    trial, curve = evidence.trial("reset_param"), curve_of(evidence)
    if trial is None or trial.outcome != "fixed" or (curve and curve.num_rising):
        return []  # after a divergence sound weights help as well, whatever began it
    message = f"with {trial.detail} restored the step is finite"
    passed = is_passed(evidence)
    score = 0.45 if passed else 0.85
    return [_finding(message, trial.detail, score, passed, grade=Grade.reproduced)]


def _stored(evidence: Evidence) -> list[Finding]:
    crash = evidence.crash
    if crash is None:
        return []
    bad = [t for t in crash.tensors if t.role in ("parameter", "master", "ema") and not t.is_finite]
    found = [
        _finding(
            f"{t.name}: {t.num_nonfinite} of {t.numel} values are non-finite",
            t.name, 0.3 if late else 0.9, late,
        )
        for t in bad
        for late in (whose_fault(evidence, t.name),)
    ]  # fmt: skip
    if is_step_sound(evidence):
        found = [as_note(f, ", which reach neither the loss nor a gradient") for f in found]
    good = evidence.last_good.tensors if evidence.last_good else ()
    before = {tensor.name: tensor for tensor in good}
    flipped = [t for t in crash.tensors if is_flipped(t) and is_lone(t, before.get(t.name))]
    if curve_of(evidence) is not None and not flipped:
        flipped = [t for t in good if is_flipped(t)]  # saved after it: all that trained on is lost
    return found + [_flipped(tensor, evidence) for tensor in flipped]


def _left(evidence: Evidence) -> list[Finding]:
    """What is left where data, rate and gradients are cleared and plain SGD made the steps."""
    curve = leap_of_plain(evidence)
    if curve is None:
        return []
    first, trial = abs(curve.loss[curve.onset]), evidence.trial("reset_param")
    message = (f"at step {curve.step} an ordinary batch raises the loss from {curve.level:.4g} to "
               f"{first:.4g} at once: the weights changed outside the update")  # fmt: skip
    fixed = trial is not None and trial.outcome == "fixed"
    lines = (f"with {trial.detail} restored the step is finite",) if trial and fixed else ()
    where, unless = f"step {curve.step}", "unless that step's batch was not the stream's"
    found = _finding(message, where, 0.62, "", (*lines, unless), Grade.hypothesis)
    return [replace(found, prescriptions=COMPARE)]


def _flipped(tensor: TensorStats, evidence: Evidence) -> Finding:
    peak, rest = tensor.absmax or 0.0, tensor.rms_rest or 1.0
    lines = [f"{peak / rest:.3g} times the rms of the rest, about 2^{math.log2(peak / rest):.0f}"]
    moved = {now.name: bound for now, _, bound in moved_too_far(evidence)}
    if tensor.name in moved:
        lines.append(f"no step since the last good checkpoint can move a weight by more than "
                     f"{moved[tensor.name]:.3g}")  # fmt: skip
    message = (
        f"{tensor.name}{list(tensor.absmax_index or ())} is {peak:.4g}: one element out of family"
    )
    if tensor.name in moved:
        return _finding(message, tensor.name, 0.93, "", tuple(lines), Grade.observed)
    passed = is_passed(evidence)
    score = 0.45 if passed else 0.75
    return _finding(message, tensor.name, score, passed, tuple(lines), Grade.observed)


def _finding(
    message: str, where: str, score: float, late: str, extra: tuple[str, ...] = (),
    grade: Grade = Grade.observed,
) -> Finding:  # fmt: skip
    against = (late,) if late else ()
    action = "Restore the tensor from a sound checkpoint"
    why = "no other weight is known to be damaged"
    advice = () if late else (Prescription(action, where, why=why),)
    return Finding(
        CODE, CAUSE, "error", grade, message, where, evidence=extra, against=against, score=score,
        component=component_of(where), prescriptions=advice,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("reset_param",))
