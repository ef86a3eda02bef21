"""Examples of the rule about the parts of a vision-language model."""

from dataclasses import replace

import builders

from nandoctor.evidence import Evidence, LayerNumerics, ReplayFacts
from rules.examples.dynamics import DIVERGED
from rules.examples.made import Example, logged, stored_state

PIXELS = LayerNumerics("pixel_values", "images", {"min": 0.0, "max": 255.0, "num_constant": 0.0})
LENGTHS = LayerNumerics(
    "attention_mask", "lengths", {"min": 3.0, "max": 96.0, "mean": 20.0, "share_padded": 0.79}
)


def parts(
    vision: float, projector: float, language: float, *, pattern: str = "exponential"
) -> Evidence:
    """Build a run that diverged, with the gradient norm of each part in the replayed step."""
    norms = {"vision_tower.fc.weight": vision, "multi_modal_projector.linear_1.weight": projector,
             "language_model.layers.0.mlp.fc1.weight": language}  # fmt: skip
    gradients = tuple(
        builders.tensor(name, role="gradient", l2=norm, numel=100) for name, norm in norms.items()
    )
    weights = builders.tensor("multi_modal_projector.linear_1.weight", shape=(4, 8), std=1e-6)
    run = logged(DIVERGED, onset=60, crash=68, pattern=pattern, checkpoint=stored_state(weights))
    replay = ReplayFacts(is_reproduced=False, phase=None, loss=1.0, gradients=gradients,
                         numerics=(PIXELS, LENGTHS))  # fmt: skip
    return replace(run, replay=replay)


EXAMPLES = {"part_gradients": Example(parts(240.0, 1.0, 1.2), parts(2.0, 1.0, 1.2))}
