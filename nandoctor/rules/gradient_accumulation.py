"""Rule: gradients that are k times too large because the micro-batch losses are not divided."""

import math

from nandoctor.evidence import Evidence, ReplayFacts
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import curve_of
from nandoctor.rules.level_shift import level_shift
from nandoctor.rules.probing import gradient_factor

CODE, CAUSE = "ND603", "gradient_accumulation"

DOC = """
## What it does
Reports a gradient norm that is k times what the replayed step gives, or that shifts k-fold from one
step to the next while loss and learning rate stay.

## Why it matters
`loss.backward()` sums. Without a division by the number of micro-batches the step is k times too
long; SGD feels it at once, Adam hardly (its step is scale-free), clipping hides it.

## Example
```python
for micro in micro_batches:
    model(micro).loss.backward()          # should be (loss / len(micro_batches)).backward()
```

## Use instead
Divide the loss by the number of micro-batches, or normalise the token count over all of them.

## Look-alikes
A gradient norm that rises together with the loss is divergence. A norm of the scaled gradients
(before unscale_) is the loss scale too large, a power of two.

## References
huggingface/transformers#34191 (accumulation and token counts); torch.amp documentation.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on a recorded/replayed ratio of gradients, else on a level shift in the log."""
    if curve_of(evidence) is None:
        return ()
    return (*_probed(evidence), *_ratio(evidence), *_shift(evidence))[:1]


def _probed(evidence: Evidence) -> tuple[Finding, ...]:
    """The factor measured on the last good weights, where the run logged both numbers."""
    measured = gradient_factor(evidence)
    if measured is None:
        return ()
    factor, step, exact = measured
    if not exact and _rate_rises(evidence):
        return ()  # steps that grow longer raise the norm before they raise the loss
    known = evidence.crash.training.accumulation_steps if evidence.crash else None
    message = f"at step {step} the recorded gradient norm is {factor:.4g} times the replayed one"
    lines = ("the recorded loss is reproduced there",) if exact else ()
    if known and known > 1:
        lines = (*lines, f"accumulation_steps = {known}")
    return (_finding(message, round(factor), 0.97 if exact else 0.85, lines),)


def _rate_rises(evidence: Evidence) -> bool:
    """Whether the learning rate was still rising at the onset."""
    curve = curve_of(evidence)
    here, before = (curve.lr_at(max(curve.onset - back, 0)) if curve else None for back in (0, 5))
    return here is not None and before is not None and here > 1.02 * before


def accumulation_factor(evidence: Evidence) -> float | None:
    """Return recorded over replayed gradient norm, where both are finite and the loss agrees."""
    replay = evidence.replay
    if replay is None or replay.is_batch_synthetic or not replay.grad_norm:
        return None
    recorded = replay.recorded_grad_norm
    if recorded is None or not math.isfinite(recorded) or not math.isfinite(replay.grad_norm):
        return None
    factor = recorded / replay.grad_norm
    return factor if _loss_agrees(replay, factor) else None


def _loss_agrees(replay: ReplayFacts, factor: float) -> bool:
    """Whether the replayed loss is the recorded one, or smaller by the same factor (a sum)."""
    if replay.loss is None or replay.recorded_loss is None or not replay.loss:
        return False
    ratio = replay.recorded_loss / replay.loss
    return math.isclose(ratio, 1.0, rel_tol=0.1) or math.isclose(ratio, factor, rel_tol=0.1)


def _ratio(evidence: Evidence) -> tuple[Finding, ...]:
    factor = accumulation_factor(evidence)
    crash = evidence.crash
    known = crash.training.accumulation_steps if crash else None
    if factor is None or factor < 1.8 or abs(factor - round(factor)) > 0.1 * factor:
        return ()
    k = round(factor)
    score = 0.95 if known == k else 0.6
    message = f"the recorded gradient norm is {factor:.3g} times the replayed one"
    lines = (f"accumulation_steps = {known}",) if known else ()
    return (_finding(message, k, score, lines),)


def _shift(evidence: Evidence) -> tuple[Finding, ...]:
    curve = curve_of(evidence)
    shift = level_shift(curve) if curve else None
    if curve is None or shift is None:
        return ()
    factor, step = shift
    message = (
        f"the gradient norm is {factor:.3g} times larger from step {step} on, loss and lr unchanged"
    )
    return (_finding(message, round(factor), 0.88, ()),)


def _finding(message: str, k: int, score: float, lines: tuple[str, ...]) -> Finding:
    return Finding(
        CODE, CAUSE, "error", Grade.observed, message, "gradient norm", evidence=lines, score=score,
        component="optimizer",
        prescriptions=(
            Prescription("Divide the loss by the number of micro-batches", f"loss / {k}",
                         Grade.observed, f"gradients are about {k} times too large"),
        ),
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
