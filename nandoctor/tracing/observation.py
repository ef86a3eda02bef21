"""The failing step, run again and observed: from a target to ReplayFacts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from nandoctor.batches import named_tensors
from nandoctor.errors import ReplayError
from nandoctor.evidence import Origin, ReplayFacts, TensorStats
from nandoctor.step import with_fixed_rng
from nandoctor.target import ReplayTarget
from nandoctor.tracing.gate import Gate, plain_run
from nandoctor.tracing.leaf_table import bad_leaves, leaf_tensors
from nandoctor.tracing.origins import module_of_parameter, origin_of
from nandoctor.tracing.records import Plan
from nandoctor.tracing.relevance import Proof, Search
from nandoctor.tracing.runs import Run, watched
from nandoctor.tracing.sample_trials import SampleTrials, quiet
from nandoctor.tracing.samples import guilty_samples, row_hints
from nandoctor.tracing.stats import tensor_stats
from nandoctor.tracing.storages import Leaf

Progress = Callable[[str, float], None] | None


@dataclass
class Clock:
    """Tells how far the work is and when to start nothing more."""

    progress: Progress
    deadline: float

    def say(self, stage: str) -> Callable[[float], None]:
        """Return a function that reports the fraction of one stage."""

        def report(fraction: float) -> None:
            if self.progress is not None:
                self.progress(stage, fraction)

        report(0.0)
        return report


def observe(
    target: ReplayTarget, *, progress: Progress = None, timeout: float | None = None
) -> ReplayFacts:
    """Run the step again and name the origin of what is non-finite.

    Args:
        timeout: Seconds after which no further run is started; what is known then is returned.

    Raises:
        ReplayError: The step cannot be run.
    """
    deadline = time.monotonic() + timeout if timeout is not None else float("inf")
    clock = Clock(progress, deadline)
    target = with_fixed_rng(target)
    clock.say("replaying the step")
    gate = plain_run(target)
    known = bad_leaves(target)
    facts = plain_facts(target, gate, known)
    if gate.part is None:
        return facts
    with quiet():
        return located(target, gate, facts, known, clock)


def plain_facts(target: ReplayTarget, gate: Gate, known: dict[str, Leaf]) -> ReplayFacts:
    """Return what the plain run tells."""
    outcome = gate.outcome
    return ReplayFacts(
        is_reproduced=gate.part is not None,
        phase=gate.part,
        loss=outcome.loss,
        device=str(next((p.device for p in target.model.parameters()), "cpu")),
        precision=precision_of(target),
        grad_norm=outcome.grad_norm,
        recorded_loss=target.recorded.get("loss"),
        recorded_grad_norm=target.recorded.get("grad_norm"),
        num_gradients=outcome.num_gradients,
        num_bad_gradients=len(outcome.bad_gradients),
        num_bad_after_step=len(outcome.bad_after_step),
        batch=tuple(batch_stats(target)),
        gradients=gate.gradients,
        harmless=tuple(described(target, leaf, key) for key, leaf in known.items()),
        is_batch_synthetic=target.is_batch_synthetic,
    )


def located(
    target: ReplayTarget, gate: Gate, facts: ReplayFacts, known: dict[str, Leaf], clock: Clock
) -> ReplayFacts:
    """Add the origins to the facts of a step that fails.

    Raises:
        ReplayError: The step raises, and nothing non-finite went before.
    """
    assert gate.part is not None
    part = gate.part
    clock.say("tracing the step")
    trace = watched(target, part, Plan(), known)
    suspects = trace.watch.suspicions() or None
    if suspects is not None:  # a device that is not waited for: look at the suspects alone
        trace = watched(target, part, Plan(suspects=suspects), known)
    search = Search(
        target, part, known, trace, suspects=suspects, deadline=clock.deadline,
        progress=clock.say("proving the origin"),
    )  # fmt: skip
    proofs = search.proofs()
    if not proofs and gate.raised is not None:
        raise ReplayError(
            f"the step raised {gate.outcome.error}",
            hint="check the batch's keys and shapes against the model's forward",
        ) from gate.raised
    if not proofs:
        return replace(
            facts, notes=(*facts.notes, "no op of the step could be named as the origin")
        )
    reached = _everything(facts, trace)
    origins = [origin_of(p, part, reached if len(proofs) == 1 else p.run.reached) for p in proofs]
    samples = samples_of(target, gate, proofs[0], clock)
    origin = replace(_with_owner(target, origins[0], trace), samples=samples)
    used = {o.tensor for o in origins}
    return replace(
        facts,
        phase=origin.phase,
        origin=origin,
        others=tuple(origins[1:]),
        harmless=tuple(w for w in facts.harmless if w.split(":")[0].split(" ", 1)[-1] not in used),
    )


def _everything(facts: ReplayFacts, trace: Run) -> tuple[str, ...]:
    bad = tuple(g.name for g in facts.gradients if not g.is_finite)
    return tuple(dict.fromkeys((*trace.reached, *bad)))


def _with_owner(target: ReplayTarget, origin: Origin, run: Run) -> Origin:
    """In the optimizer phase, name the parameter and its module where only one is affected."""
    if origin.phase != "optimizer":
        return origin
    names = dict(target.model.named_parameters())
    affected = {n if n in names else n.split(".", 1)[1] for n in run.reached}
    if len(affected) != 1:
        return origin
    name = affected.pop()
    module, module_class = module_of_parameter(target, name)
    return replace(origin, module=module, module_class=module_class, tensor=origin.tensor or name)


def samples_of(
    target: ReplayTarget, gate: Gate, proof: Proof, clock: Clock
) -> tuple[int, ...] | None:
    """Return the samples that cause the failure."""
    if gate.part is None or gate.part == "optimizer":
        return None
    trials = SampleTrials(target, gate.part, gate.raised, clock.deadline)
    detail = proof.run.watch.details.get(proof.record.index)
    if not trials.size or detail is None:
        return None
    hints = row_hints(detail.outputs, trials.size)
    return guilty_samples(trials, hints, clock.say("finding the samples"))


def gradient_flow(target: ReplayTarget) -> tuple[TensorStats, ...]:
    """Return the statistics of every parameter's gradient after one backward pass.

    Raises:
        ReplayError: The step cannot be run.
    """
    gate = plain_run(replace(with_fixed_rng(target), optimizer=None), with_gradients=True)
    if gate.outcome.error is not None:
        raise ReplayError(f"the step raised {gate.outcome.error}", hint="check the batch's keys")
    return gate.gradients


def batch_stats(target: ReplayTarget) -> list[TensorStats]:
    """Measure the batch's tensors."""
    return [tensor_stats(name, "batch", tensor) for name, tensor in named_tensors(target.batch)]


def precision_of(target: ReplayTarget) -> str:
    """Return the precision in the words of ``TrainingState.precision``."""
    short = {"float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "float64": "fp64"}
    if target.precision.autocast_dtype is not None:
        return f"{short[target.precision.autocast_dtype]}_amp"
    dtypes = [str(p.dtype).removeprefix("torch.") for p in target.model.parameters()]
    return short.get(max(set(dtypes), key=dtypes.count), "fp32") if dtypes else "fp32"


def described(target: ReplayTarget, leaf: Leaf, key: str) -> str:
    """Say in words that a leaf with bad elements was not felt."""
    stats = tensor_stats(leaf.name, "other", leaf_tensors(target)[key])
    counts = {"NaN": stats.num_nan, "+Inf": stats.num_posinf, "-Inf": stats.num_neginf}
    found = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{leaf.kind} {leaf.name}: {found}, reaching neither the loss nor a gradient"
