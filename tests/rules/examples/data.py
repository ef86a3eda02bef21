"""Examples of the rules about data."""

import builders

from rules.examples.made import INF, NAN, Example, calm, failed, growing, logged, operand

OUTLIER = builders.tensor("x", role="batch", max=1e20, rms_rest=1.1, mean=1e17, std=1e18)
RAW = builders.tensor("pixel_values", role="batch", min=0, max=255, mean=127, std=73, rms_rest=140)
NORMAL = builders.tensor("x", role="batch", min=-3, max=3, mean=0.0, std=1.0, rms_rest=1.0)
LONE = builders.tensor("x", role="batch", min=-900, max=900, mean=6, std=169, rms_rest=168)

EXAMPLES = {
    "bad_input": Example(
        failed("pow", operand(1e20), outputs=(INF,), batch=(OUTLIER,), samples=(3,)),
        failed("pow", operand(1e20), outputs=(INF,), batch=(NORMAL,)),
    ),
    "unnormalised_input": Example(
        failed("pow", operand(1e9), outputs=(INF,), batch=(RAW,), fixed=("scale_input",)),
        failed("pow", operand(1e9), outputs=(INF,), batch=(NORMAL,), fixed=("scale_input",)),
    ),
    "bad_batch": Example(
        logged([*calm(60), *growing(4, 1600.0, 700.0), NAN], onset=60, crash=64,
               grad_norm=[*calm(60), *growing(4, 440.0, 60.0), NAN], lr=[0.01] * 65),
        logged([*calm(60), *growing(8), NAN], onset=60, crash=68,
               grad_norm=[*calm(60), *growing(8), NAN], lr=[0.01] * 69),
    ),
}  # fmt: skip
