"""What the plain run of a step tells, as ReplayFacts; no op is watched for it."""

from __future__ import annotations

from dataclasses import replace

from nandoctor.batches import array_tensors, named_tensors
from nandoctor.errors import ReplayError
from nandoctor.evidence import ReplayFacts, TensorStats
from nandoctor.step import device_of, with_fixed_rng
from nandoctor.target import ReplayTarget
from nandoctor.tracing.batch_numerics import batch_numerics
from nandoctor.tracing.gate import Gate, plain_run
from nandoctor.tracing.harmless import harmless_words
from nandoctor.tracing.stats import tensor_stats
from nandoctor.tracing.storages import Leaf


def plain_facts(target: ReplayTarget, gate: Gate, known: dict[str, Leaf]) -> ReplayFacts:
    """Return what the plain run tells.

    Args:
        known: The bad leaves, by ``kind:name``.
    """
    outcome = gate.outcome
    entries = [*named_tensors(target.batch), *array_tensors(target.batch)]
    return ReplayFacts(
        is_reproduced=gate.part is not None,
        phase=gate.part,
        loss=outcome.loss,
        device=str(device_of(target.model)),
        precision=precision_of(target),
        grad_norm=outcome.grad_norm,
        recorded_loss=target.recorded.get("loss"),
        recorded_grad_norm=target.recorded.get("grad_norm"),
        num_gradients=outcome.num_gradients,
        num_bad_gradients=len(outcome.bad_gradients),
        num_bad_after_step=len(outcome.bad_after_step),
        batch=tuple(tensor_stats(name, "batch", tensor) for name, tensor in entries),
        gradients=gate.gradients,
        numerics=batch_numerics(entries),
        harmless=tuple(harmless_words(target, leaf, key) for key, leaf in known.items()),
        is_batch_synthetic=target.is_batch_synthetic,
    )


def gradient_flow(target: ReplayTarget) -> tuple[TensorStats, ...]:
    """Return the statistics of every parameter's gradient after one backward pass.

    Raises:
        ReplayError: The step cannot be run.
    """
    gate = plain_run(replace(with_fixed_rng(target), optimizer=None), with_gradients=True)
    if gate.raised is not None:
        raise step_raised(gate)
    return gate.gradients


def step_raised(gate: Gate) -> ReplayError:
    """Return the error of a step that raises whatever its numbers are."""
    return ReplayError(
        f"the step raised {gate.outcome.error}",
        hint="check the batch's keys and shapes against the model's forward",
    )


def precision_of(target: ReplayTarget) -> str:
    """Return the precision in the words of ``TrainingState.precision``."""
    short = {"float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "float64": "fp64"}
    if target.precision.autocast_dtype is not None:
        return f"{short[target.precision.autocast_dtype]}_amp"
    dtypes = [str(p.dtype).removeprefix("torch.") for p in target.model.parameters()]
    commonest = max(dict.fromkeys(dtypes), key=dtypes.count, default="float32")
    return short.get(commonest, commonest)
