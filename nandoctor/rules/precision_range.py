"""Rule: how near this model's outputs and gradients come to the ends of float16."""

from __future__ import annotations

from nandoctor.evidence import Evidence, Headroom
from nandoctor.findings import Finding, Grade, Prescription, Rule, Severity
from nandoctor.rules.attribution import component_of
from nandoctor.rules.weight_trend import limit_ahead
from nandoctor.signals import Ranges, ranges_of

CODE, CAUSE = "ND206", "precision_range"
LOST = 0.2
NEAR = 1.0  # bits: one doubling more and the module overflows

DOC = """
## What it does
Says of a run in fp16 or bf16 which modules come nearest to fp16's maximum of 65,504, how many
gradients fp16 turns to zero without and with the recorded loss scale, which scale keeps them, and
what bf16 would do. Measured in the replayed step, in fp32, so that what overflows is seen, too.
A warning only where fp16 loses a fifth of the gradients at its scale or overflows in a step that
fails. Over two checkpoints: weights that grow towards 65,504.

## Why it matters
fp16 ends at 65,504, its smallest normal number is 6.1e-5 and its smallest 6.0e-8. bf16 has fp32's
range (3.4e38 down to 9.2e-41) with 8 bits of precision. Which of the two fits is a matter of
numbers, and they differ from model to model.

## Example
```
fp16: 1 of 48 modules overflows, vision_tower.blocks.3.mlp by 1.7 bits; bf16: none
```

## Use instead
Keep the modules that are named in fp32 and the rest in fp16, or train in bf16; set the first loss
scale to the one that keeps the gradients.

## Look-alikes
LayerNorm, softmax and losses run in fp32 under autocast whatever their range. A mask filled with
the smallest number of its dtype is no overflow. Zeros that are zero in fp32, too, are not lost.

## References
Micikevicius et al. 2018, "Mixed precision training"; IEEE 754-2019 binary16; Kalamkar et al. 2019.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the measured ranges of a 16-bit run and on weights that grow towards 65,504."""
    return (*_measured(evidence), *limit_ahead(evidence, CODE, CAUSE))


def _measured(evidence: Evidence) -> tuple[Finding, ...]:
    replay = evidence.replay
    used = {item.dtype for item in replay.headroom} if replay else set()
    ranges = ranges_of(replay.headroom) if replay else None
    if replay is None or ranges is None or not used & {"float16", "bfloat16"}:
        return ()
    is_fp16 = "float16" in used
    over = [item for item in ranges.over_fp16 if item.dtype == "float16"]
    scale = evidence.crash.training.loss_scale if evidence.crash else None
    lost = is_fp16 and scale is not None and (ranges.lost_scaled or 0.0) > LOST
    failed = replay.phase in ("forward", "backward")
    severity: Severity = "warning" if lost or (over and failed) else "note"
    first = ranges.tightest[0]
    return (
        Finding(
            CODE, CAUSE, severity, Grade.reproduced, _sentence(ranges), first.module,
            evidence=(*_nearest(ranges), *_gradients(ranges, scale), *_kept(evidence, ranges)),
            score=0.3, component=component_of(first.module), is_cause=False,
            prescriptions=_advice(ranges) if is_fp16 else (),
        ),
    )  # fmt: skip


def _sentence(ranges: Ranges) -> str:
    """fp16 against bf16 for this very model."""
    first = ranges.tightest[0]
    if ranges.over_fp16:
        fp16 = (f"{len(ranges.over_fp16)} of {ranges.num_outputs} modules overflow, {first.module} "
                f"by {-ranges.bits:.1f} bits")  # fmt: skip
    else:
        fp16 = f"{ranges.bits:.1f} bits of room in {first.module}"
    bf16 = f"{len(ranges.over_bf16)} overflow" if ranges.over_bf16 else "none overflows"
    if ranges.lost_plain is None:
        return f"fp16: {fp16}; bf16: {bf16}"
    return (f"fp16: {fp16}, {100 * ranges.lost_plain:.2g} % of the gradients become 0 without a "
            f"loss scale; bf16: {bf16}, {100 * (ranges.lost_bf16 or 0.0):.2g} %")  # fmt: skip


def _nearest(ranges: Ranges) -> tuple[str, ...]:
    return tuple(
        f"{item.module} ({item.module_class}) reaches {item.absmax:.4g}, "
        f"{_room(item.fits['float16'].bits_to_max)} fp16's maximum"
        for item in ranges.tightest[:3]
    )


def _room(bits: float) -> str:
    return f"{bits:.1f} bits below" if bits >= 0 else f"{-bits:.1f} bits above"


def _gradients(ranges: Ranges, scale: float | None) -> tuple[str, ...]:
    if ranges.weakest is None or not ranges.lost_plain:
        return ()
    worst = ranges.weakest
    share = 100 * worst.fits["float16"].share_underflow
    lines = [f"the gradient at {worst.module} loses {share:.3g} % without a loss scale"]
    if scale is not None and ranges.lost_scaled is not None:
        lines.append(f"at the recorded loss scale of {scale:g} fp16 turns "
                     f"{100 * ranges.lost_scaled:.2g} % of the gradients to 0")  # fmt: skip
    if ranges.scale_needed is None:
        lines.append("no loss scale keeps 99 % of them without an overflow at the other end")
    else:
        lines.append(f"a loss scale of {ranges.scale_needed:g} keeps 99 % of each")
    return tuple(lines)


def _kept(evidence: Evidence, ranges: Ranges) -> tuple[str, ...]:
    """Which modules must stay fp32, measured, and the one that a trial proved."""
    names = [item.module for item in _must_stay(ranges)]
    lines = [f"must stay in fp32, or bf16: {', '.join(names[:5])}"] if names else []
    trial = evidence.trial("fp32_module")
    origin = evidence.replay.origin if evidence.replay else None
    if trial is not None and origin is not None and trial.outcome == "fixed":
        lines.append(f"with {origin.module} alone in fp32 the step is finite")
    return tuple(lines)


def _must_stay(ranges: Ranges) -> list[Headroom]:
    """Modules that would overflow, without the containers of one that is named itself."""
    near = [item for item in ranges.tightest if item.fits["float16"].bits_to_max < NEAR]
    names = [item.module for item in near]
    return [i for i in near if not any(name.startswith(f"{i.module}.") for name in names)]


def _advice(ranges: Ranges) -> tuple[Prescription, ...]:
    names = [item.module for item in _must_stay(ranges)]
    if not names:
        return ()
    why = f"beyond, or within {NEAR:g} bit of, fp16's maximum in the replayed step"
    return (Prescription("Keep in fp32", ", ".join(names[:5]), Grade.reproduced, why),)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("fp32_module",))
