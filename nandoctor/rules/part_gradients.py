"""Rule: one part of a model whose gradient stands out, with what of the batch to look at."""

from __future__ import annotations

import math
from collections import defaultdict

from nandoctor.evidence import Component, Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.attribution import component_of
from nandoctor.rules.curve import curve_of
from nandoctor.rules.site import replayed

CODE, CAUSE = "ND410", "part_gradients"
PARTS: tuple[Component, ...] = ("vision", "projector", "language")
EXPLODES = 10.0  # times the norm of all other parts together
VANISHES = 1e-3  # of the root mean square in every other part

DOC = """
## What it does
In a run that failed, notes a vision tower whose gradient dwarfs that of the others, a projector
whose gradient is nearly zero beside its neighbours', and a language model whose loss oscillates,
each with the figures of the batch or the weights to look at.

## Why it matters
Each part of a vision-language model has its usual suspects: pixels on a wrong scale, a projector
that was initialised too small or is too narrow, sequences of very different lengths.

## Example
```
gradient norm 240 in vision, 1.2 in the other parts; pixel_values lies in 0 to 255
```

## Use instead
Normalise images with the processor's own constants; initialise the projector like its neighbours;
group sequences by length and average over real tokens.

## Look-alikes
Frozen parts have no gradient and are left out. A single layer that stands out is in the gradient
flow. A gradient that is non-finite has an origin, which says more.

## References
Liu et al. 2023, "Visual instruction tuning" (projector trained first); Glorot and Bengio 2010.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire, as notes, on each part that stands out in a run that failed."""
    if curve_of(evidence) is None and replayed(evidence) is None:
        return ()
    norms, rms = _by_part(evidence)
    if len(norms) < 2:
        return ()
    return (*_vision(evidence, norms), *_projector(evidence, rms), *_language(evidence, norms))


def _by_part(evidence: Evidence) -> tuple[dict[Component, float], dict[Component, float]]:
    """Return norm and root mean square of each part's gradient; nothing where one is not finite."""
    gradients = evidence.replay.gradients if evidence.replay else ()
    squares: dict[Component, float] = defaultdict(float)
    sizes: dict[Component, int] = defaultdict(int)
    for tensor in gradients:
        part = component_of(tensor.name)
        if not tensor.is_finite:
            return {}, {}
        if part in PARTS and tensor.l2:
            squares[part] += tensor.l2**2
            sizes[part] += tensor.numel
    norms = {part: math.sqrt(square) for part, square in squares.items()}
    return norms, {part: norm / math.sqrt(sizes[part]) for part, norm in norms.items()}


def _vision(evidence: Evidence, norms: dict[Component, float]) -> tuple[Finding, ...]:
    own = norms.get("vision", 0.0)
    others = math.hypot(*(norm for part, norm in norms.items() if part != "vision"))
    if own <= EXPLODES * others:
        return ()
    pixels = _figures(evidence, "images", "{name}: pixels from {min:.4g} to {max:.4g}")
    message = f"gradient norm {own:.4g} in vision, {others:.4g} in the other parts"
    return (_finding("vision", message, "Look at the image preprocessing", pixels),)


def _projector(evidence: Evidence, rms: dict[Component, float]) -> tuple[Finding, ...]:
    own = rms.get("projector")
    others = [value for part, value in rms.items() if part != "projector"]
    if own is None or not others or own >= VANISHES * min(others):
        return ()
    tensors = evidence.crash.tensors if evidence.crash else ()
    weights = [t for t in tensors if t.role == "parameter" and component_of(t.name) == "projector"]
    widths = ", ".join(f"{t.name}{list(t.shape)} std {t.std or 0.0:.3g}" for t in weights[:4])
    message = f"gradient rms {own:.3g} in the projector, at least {min(others):.3g} elsewhere"
    action = "Look at the projector's initialisation and width"
    return (_finding("projector", message, action, widths),)


def _language(evidence: Evidence, norms: dict[Component, float]) -> tuple[Finding, ...]:
    pattern = evidence.pattern
    if "language" not in norms or pattern is None or pattern.pattern != "oscillating":
        return ()
    text = "{name}: {min:.0f} to {max:.0f} tokens a row, {share_padded:.0%} padding"
    lengths = _figures(evidence, "lengths", text)
    if not lengths:
        return ()
    message = "the loss of a language model oscillates"
    return (_finding("language", message, "Look at sequence lengths and padding", lengths),)


def _figures(evidence: Evidence, kind: str, text: str) -> str:
    layers = evidence.replay.numerics if evidence.replay else ()
    return "; ".join(text.format(name=i.module, **i.values) for i in layers if i.kind == kind)


def _finding(part: Component, message: str, action: str, figures: str) -> Finding:
    return Finding(
        CODE, CAUSE, "note", Grade.observed, message, part, score=0.3, component=part,
        evidence=(figures,) if figures else (), is_cause=False,
        prescriptions=(Prescription(action, figures, Grade.observed, message),),
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
