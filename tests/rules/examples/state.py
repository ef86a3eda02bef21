"""Examples of the rules about parameters, buffers, gradients and the optimizer."""

from dataclasses import replace

import builders

from rules.examples.made import Example, scanned

FLIPPED = builders.tensor("projector.weight", max=1.2e31, rms_rest=0.15, absmax_index=(3, 5))
LARGE = builders.tensor("embed.weight", max=9.0, rms_rest=0.15)
LAYERS = [
    builders.tensor(
        f"layers.{i}.fc.weight", min=-0.1, max=0.1, l2=0.08 * (i + 1), rms_rest=0.02 * (i + 1)
    )
    for i in range(6)
]
SCALED = replace(LAYERS[3], min=-99.0, max=99.0, l2=160.0, rms_rest=40.0)
FIRST = builders.tensor("exp_avg.fc.weight", role="exp_avg", min=-0.3, max=0.3, l2=1.0)
SECOND = builders.tensor("exp_avg_sq.fc.weight", role="exp_avg_sq", min=0.0, max=0.1, mean=0.01)
GRADIENT = builders.tensor("fc.weight.grad", role="gradient", l2=2.5)

EXAMPLES = {
    "bad_parameter": Example(scanned(FLIPPED), scanned(LARGE)),
    "bad_buffer": Example(
        scanned(builders.tensor("bn.running_var", role="buffer", min=-0.2, max=1.0)),
        scanned(builders.tensor("bn.running_mean", role="buffer", min=-0.2, max=1.0)),
    ),
    "optimizer_state": Example(
        scanned(FIRST, replace(SECOND, max=1e-14, mean=1e-15)), scanned(FIRST, SECOND)
    ),
    "optimizer_settings": Example(
        scanned(builders.tensor(dtype="float16"), param_groups=({"lr": 3e-4, "eps": 1e-8},)),
        scanned(builders.tensor(dtype="bfloat16"), param_groups=({"lr": 3e-4, "eps": 1e-8},)),
    ),
    "exploding_gradient": Example(scanned(replace(GRADIENT, l2=8e4)), scanned(GRADIENT)),
    "vanishing_gradient": Example(
        scanned(replace(GRADIENT, l2=3e-10)), scanned(replace(GRADIENT, l2=0.0))
    ),
    "dead_tensor": Example(
        scanned(builders.tensor(min=0.0, max=0.0, l2=0.0)),
        scanned(builders.tensor("fc.bias", shape=(16,), min=0.0, max=0.0, l2=0.0)),
    ),
    "nonfinite_state": Example(
        scanned(builders.tensor("normaliser.mean", role="other", num_nan=1)),
        scanned(builders.tensor("best_loss", role="other", shape=(), numel=1, num_posinf=1)),
    ),
    "out_of_family": Example(scanned(*LAYERS[:3], SCALED, *LAYERS[4:]), scanned(*LAYERS)),
}
