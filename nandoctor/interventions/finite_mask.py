"""Large finite numbers instead of -inf wherever the code, a buffer or the batch masks with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.batches import map_named, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.masks import (
    attention,
    constant,
    finite,
    is_mask,
    log_of_mask,
    made,
    multi_head,
)
from nandoctor.interventions.op_names import ops_of
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.site import CallMode, Repair
from nandoctor.interventions.tensors import replaced_values
from nandoctor.target import Intervention, ReplayTarget

_FILLS = (
    "masked_fill", "masked_fill_", "where", "full", "full_like", "new_full", "fill", "fill_",
    "__setitem__", "index_fill", "index_fill_", "scatter", "scatter_", "masked_scatter", "mul",
    "mul_", "__rmul__", "pad", "clamp",
)  # fmt: skip
_MASKED_OPS = {"softmax", "log_softmax", "logsumexp", "logaddexp", "logcumsumexp"}
_REPAIRS: dict[str, Repair] = {
    **dict.fromkeys(_FILLS, constant),
    **dict.fromkeys(("tensor", "scalar_tensor", "as_tensor", "new_tensor", "from_numpy"), made),
    "log": log_of_mask,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head,
}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or facts.phase in ("parameters", "optimizer"):
        return IRRELEVANT
    origin, ops = facts.origin, ops_of(facts.origin)
    fits = ops & _MASKED_OPS or any("attention" in op for op in ops)
    read = (*origin.inputs, *origin.forward_inputs)
    # +inf: what a mask became under a minus sign, the cost of the forbidden.
    sees = any(t.stats.num_neginf or t.stats.num_posinf for t in read)
    # A NaN out of finite operands comes from an infinity that is written in the code.
    makes = any(t.stats.num_nan for t in origin.outputs) and all(t.stats.is_finite for t in read)
    return "" if fits or sees or makes else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    masks = [(b, finite(b.detach())) for n, b in target.model.named_buffers() if is_mask(n, b)]
    found = {n for n, t in named_tensors(target.batch) if is_mask(n, t)}
    num_changed = len(masks) + len(found)
    mode = CallMode(_REPAIRS, None)
    batch = map_named(target.batch, lambda name, t: finite(t) if name in found else t)
    with replaced_values(masks), without_recompute(), mode:
        yield replace(target, batch=batch)
    if not (num_changed or mode.changed):
        raise Inapplicable("the step masks nothing with -inf")
    remark(", ".join(sorted(mode.changed)))


INTERVENTION = Intervention("finite_mask", "finite masks instead of -inf", _applies, _apply)
