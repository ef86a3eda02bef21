"""Examples of the rules about number formats."""

import builders

from rules.examples.made import INF, Example, calm, failed, logged, operand, scanned

HALF = {"dtype": "float16"}

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
    "dtype_headroom": Example(
        scanned(builders.tensor("norm.weight", max=71234.0), precision="fp16_amp"),
        scanned(builders.tensor("norm.weight", max=71234.0), precision="fp32"),
    ),
}  # fmt: skip
