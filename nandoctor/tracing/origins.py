"""From a proved op to an Origin: whose op it is, what went in, how it reaches the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from nandoctor.evidence import OpTensor, Origin, Phase
from nandoctor.target import ReplayTarget
from nandoctor.tracing.frames import Place
from nandoctor.tracing.guilt import guilty_leaf
from nandoctor.tracing.operands import bad_elements, inputs_of, outputs_of
from nandoctor.tracing.paths import consumers_of, path_of, repeats_of
from nandoctor.tracing.records import Detail, OpRecord, Part
from nandoctor.tracing.relevance import Proof
from nandoctor.tracing.storages import Leaf

NOWHERE = Place("", "", None, None, False, False)


def origin_of(proof: Proof, part: Part, reaches: tuple[str, ...]) -> Origin:
    """Describe a proved op.

    Args:
        part: The part of the step in which the result came out bad.
        reaches: Where the bad elements arrive.
    """
    record, watch = proof.record, proof.run.watch
    own = watch.details.get(record.index)
    is_undone = record.forward is not None and not _is_in_hook(record)
    before = watch.details.get(record.forward or 0) if is_undone else None
    leaf = guilty_leaf(record, own)
    place, forward_op = _place(record, before)
    phase: Phase = _phase(leaf, part)
    if part == "backward" and forward_op is None and _is_forward_op(record):
        forward_op = record.name
    described = before if before is not None else own
    return Origin(
        phase=phase,
        module=place.module,
        op=record.name,
        forward_op=forward_op,
        module_class=place.module_class,
        source=place.source,
        user_source=place.user_source,
        inputs=inputs_of(own) if own else (),
        outputs=outputs_of(own) if own else (),
        forward_inputs=_forward_inputs(own, before, phase),
        arguments=_plain(described.scalars) if described else {},
        path_to_loss=path_of(proof),
        consumers=consumers_of(proof),
        repeats=repeats_of(proof),
        reaches=reaches,
        tensor=leaf.name if leaf else None,
        calls=described.calls if described else 1,
    )


def _phase(leaf: Leaf | None, part: Part) -> Phase:
    if leaf is None or leaf.kind in ("constant", "state"):
        return part
    return "batch" if leaf.kind == "batch" else "parameters"


def _place(record: OpRecord, before: Detail | None) -> tuple[Place, str | None]:
    """Return the place of the forward op where there is one, and that op's name."""
    place = record.place or NOWHERE
    if before is None:
        return place, None
    if record.is_custom:
        return before.caller, record.node.split("Backward")[0]
    return before.place, before.name


def _is_in_hook(record: OpRecord) -> bool:
    """Whether a gradient hook ran the op: it undoes no op of the forward pass."""
    place = record.place or NOWHERE
    return place.source is not None and not record.is_custom


def _is_forward_op(record: OpRecord) -> bool:
    """Whether the op belongs to the forward pass, run the first time or again."""
    return record.part == "forward" or (record.place or NOWHERE).is_recomputed


def _forward_inputs(
    own: Detail | None, before: Detail | None, phase: Phase
) -> tuple[OpTensor, ...]:
    if before is None:
        return inputs_of(own) if own is not None and phase == "backward" else ()
    bad = bad_elements(own) if own is not None else None
    return inputs_of(before, bad if bad is not None else torch.zeros(()).bool())


def _plain(scalars: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as plain values: a report must be able to write them."""
    plain = (bool, int, float, str, type(None))
    return {
        name: value if isinstance(value, plain) else _listed(value)
        for name, value in scalars.items()
    }


def _listed(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [item if isinstance(item, (bool, int, float, str)) else str(item) for item in value]
    return str(value)


def with_owner(target: ReplayTarget, origin: Origin, reached: tuple[str, ...]) -> Origin:
    """In the optimizer phase, name the module, and the parameter, where only one is affected.

    Args:
        reached: Names of the parameters and state tensors that the step leaves bad.
    """
    if origin.phase != "optimizer":
        return origin
    names = dict(target.model.named_parameters())
    affected = {name if name in names else name.split(".", 1)[-1] for name in reached}
    paths = {name.rpartition(".")[0] for name in affected}
    is_everything = len(affected) > 1 and affected == {
        n for n, p in names.items() if p.requires_grad
    }
    if len(paths) != 1 or is_everything:
        return origin
    (path,) = paths
    owner = dict(target.model.named_modules()).get(path)
    return replace(
        origin,
        module=path,
        module_class=type(owner).__name__ if owner is not None else "",
        tensor=origin.tensor or (min(affected) if len(affected) == 1 else None),
    )


def distinct(origins: list[Origin]) -> list[Origin]:
    """Return one origin for each op on a source line of a module, in order."""
    found: dict[object, Origin] = {}
    for origin in origins:
        found.setdefault((origin.module, origin.op, origin.source), origin)
    return list(found.values())
