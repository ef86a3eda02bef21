"""Rule: a gradient scaler that halves its scale step after step."""

import math

import numpy as np

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule, Severity
from nandoctor.rules.curve import SETTLED, curve_of
from nandoctor.rules.events import first_events
from nandoctor.rules.logged import values
from nandoctor.rules.site import replayed

CODE, CAUSE = "ND204", "loss_scale_collapse"
HALVINGS = 5
STOPPED = 0.9  # the score of a run that made no further step
LAST = 20  # rows at the end: a collapse is dense, a healthy scaler halves now and then

DOC = """
## What it does
Reports a loss scale that is halved five times or more in the last 20 rows, or stands below 1.

## Why it matters
A GradScaler halves its scale at every non-finite gradient and skips the step. A few halvings are
how it works; a run of them means that *no* scale helps: the forward itself is non-finite, and the
training has silently stopped.

## Example
```
scale 65536, 32768, 16384, ..., 0.5      every step skipped
```

## Use instead
Find the op that overflows (`replay`), run it in fp32, or train in bf16; stop when the scale falls
below 1.

## Look-alikes
One to three halvings in a row, regrown after `growth_interval` steps, are healthy. A bad batch
halves once or twice.

## References
torch.amp.GradScaler; Micikevicius et al. 2018.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on a run of halvings in the log or a scale below 1 in the checkpoint."""
    history = evidence.history
    scales = values(history.loss_scale) if history is not None else None
    if history is not None and scales is not None:
        known = scales[np.isfinite(scales) & (scales > 0)]
        halvings = _final_fall(known[-LAST:])
        end = _last_scale(evidence, known)
        if halvings >= HALVINGS or end < 1:
            message = f"the loss scale was halved {halvings} times, down to {end:g} at the end"
            since = _stopped_since(evidence)
            if since is not None:
                line = f"no step from {since} on was applied, and the last good weights fail, too"
                return (_finding(message, STOPPED, lines=(line,)),)
            if end < 1:
                return (_finding(message, 0.7),)
            # A scaler also falls so while it looks for its first scale, in a sound run.
            died = curve_of(evidence) is not None or replayed(evidence) is not None
            return (_finding(message, 0.5, "error" if died else "note"),)
    crash = evidence.crash
    scale = crash.training.loss_scale if crash else None
    if scale is not None and 0 < scale < 1:
        return (_finding(f"the loss scale is {scale:g}: every step is skipped", 0.7),)
    what = "the scaler reports that its scale cannot fall further"
    return first_events(evidence, (CAUSE,), CODE, CAUSE, what)


def _last_scale(evidence: Evidence, logged: np.ndarray) -> float:
    """Return the last scale: the checkpoint's where that is lower, since a log rounds it to 0."""
    stored = evidence.crash.training.loss_scale if evidence.crash else None
    last = float(logged[-1]) if logged.size else math.inf
    return min(last, stored) if stored else last


def _stopped_since(evidence: Evidence) -> int | None:
    """Return the step from which a sound run made no step at all, whatever its weights."""
    curve, history, trial = curve_of(evidence), evidence.history, evidence.trial("old_weights")
    if curve is None or history is None or trial is None or trial.outcome != "not_fixed":
        return None
    scales = values(history.loss_scale)
    if scales is None or curve.onset < SETTLED or len(scales) - curve.onset < HALVINGS:
        return None
    fall = np.diff(scales[curve.onset :])
    return curve.step if (fall < 0).all() else None


def _final_fall(scales: np.ndarray) -> int:
    """Return how often the scale was halved since it last grew."""
    growths = np.flatnonzero(np.diff(scales) > 0)
    since = scales[growths[-1] + 1 :] if growths.size else scales
    return round(float(np.log2(since[0] / since[-1]))) if since.size else 0


def _finding(
    message: str, score: float, severity: Severity = "error", lines: tuple[str, ...] = ()
) -> Finding:
    return Finding(CODE, CAUSE, severity, Grade.observed, message, "loss scale", evidence=lines,
                   score=score, component="optimizer")  # fmt: skip


# A lower scale that does not help is no refutation: that no scale helps is what a collapse is.
RULE = Rule(CODE, CAUSE, DOC, check)
