"""Examples of the rules about number formats."""

from dataclasses import replace

import builders

from nandoctor.evidence import DtypeFit, Evidence, Headroom
from rules.examples.made import (
    INF,
    Example,
    calm,
    failed,
    logged,
    operand,
    scanned,
    stored_state,
)

HALF = {"dtype": "float16"}


def fit(bits: float = 8.0, saturated: float = 0.0, lost: float = 0.0) -> DtypeFit:
    """Build how a tensor fits a dtype."""
    return DtypeFit(bits, 10.0, saturated, lost)


def ranged(
    bits: float = 8.0, *, dtype: str = "float16", lost: float = 0.0, share_lost: float = 0.0,
    scale: float | None = 1024.0, phase: str | None = None,
) -> Evidence:  # fmt: skip
    """Build a replay whose one module has this room in fp16, and loses this share of gradients."""
    saturated = 0.25 if bits < 0 else 0.0
    output = Headroom(
        "block.mlp", "MLP", "activation", dtype, 65504 / 2**bits, 1e-3,
        {"float16": fit(bits, saturated), "bfloat16": fit(bits + 112)},
    )  # fmt: skip
    gradient = Headroom(
        "block.mlp", "MLP", "gradient", dtype, 1e-4, 1e-9,
        {"float16": fit(20.0, 0.0, lost), "bfloat16": fit(120.0)}, low=2e-9, share_lost=share_lost,
    )  # fmt: skip
    replay = builders.replay_facts(
        headroom=(output, gradient), phase=phase, origin=None, is_reproduced=phase is not None
    )
    stored = stored_state(precision="fp16_amp", loss_scale=scale)
    return Evidence("diagnose", checkpoints=(stored,), replay=replay)


def grown(first: float, last: float, precision: str = "fp16_amp") -> Evidence:
    """Build two checkpoints, a hundred steps apart, between which a weight grew."""
    good, crash = (
        stored_state(builders.tensor("head.weight", max=peak), precision=precision, step=step)
        for step, peak in ((1000, first), (1100, last))
    )
    return Evidence("diagnose", checkpoints=(crash,), last_good=replace(good, path="good.pt"))


EXAMPLES = {
    "fp16_overflow": Example(
        failed("mul", operand(400.0, **HALF), outputs=(INF,), dtype="float16", fixed=("fp32",)),
        failed("mul", operand(400.0, **HALF), outputs=(INF,), dtype="float16", broken=("fp32",)),
    ),
    "fp16_underflow": Example(
        failed("div", operand(0.0, **HALF), operand(0.0, **HALF), fixed=("fp32",)),
        failed("div", operand(0.0, **HALF), operand(0.0, **HALF), broken=("fp32",)),
    ),
    "bf16_precision": Example(
        failed("log", operand(0.0, dtype="bfloat16"), fixed=("fp32",)),
        failed("log", operand(0.0, dtype="bfloat16"), broken=("fp32",)),
    ),
    "loss_scale_collapse": Example(
        logged(
            calm(40), onset=35, outcome="diverged",
            loss_scale=[65536.0] * 25 + [65536.0 / 2**i for i in range(15)],
        ),
        logged(
            calm(40), onset=35, outcome="diverged",
            loss_scale=[65536.0 / 2 ** (i // 8) for i in range(40)],
        ),
    ),
    "precision_range": Example(ranged(-1.5, phase="forward"), ranged(-1.5, dtype="float32")),
    "dtype_headroom": Example(
        scanned(builders.tensor("norm.weight", max=71234.0), precision="fp16_amp"),
        scanned(builders.tensor("norm.weight", max=71234.0), precision="fp32"),
    ),
}  # fmt: skip
