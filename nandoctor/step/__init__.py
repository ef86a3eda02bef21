"""Running a target once, plainly, and leaving no trace of it; nothing is watched here."""

from nandoctor.step.memory import is_out_of_memory, memory_error
from nandoctor.step.outcome import (
    grad_norm,
    gradients_of,
    is_float_tensor,
    nonfinite_names,
    outcome_of,
    stored_values,
    widest,
)
from nandoctor.step.passes import (
    autocast_of,
    backward,
    copied_batch,
    device_of,
    forward,
    started,
)
from nandoctor.step.run import run_step, with_fixed_rng
from nandoctor.step.update import apply_optimizer, bad_after_step, stepped

__all__ = [
    "apply_optimizer",
    "autocast_of",
    "backward",
    "bad_after_step",
    "copied_batch",
    "device_of",
    "forward",
    "grad_norm",
    "gradients_of",
    "is_float_tensor",
    "is_out_of_memory",
    "memory_error",
    "nonfinite_names",
    "outcome_of",
    "run_step",
    "started",
    "stepped",
    "stored_values",
    "widest",
    "with_fixed_rng",
]
