"""Large finite numbers instead of -inf wherever the code, a buffer or the batch masks with it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from nandoctor.batches import map_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.op_names import ops_of
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.site import CallMode, Repair
from nandoctor.interventions.tensors import replaced_values
from nandoctor.target import Intervention, ReplayTarget

_MASK = {torch.float16: 1e4}
_DEFAULT_MASK = 1e9


def _finite(value: Any, dtype: torch.dtype = torch.float32) -> Any:
    """Return a mask value for an infinity: finite, and still finite when two masks are added."""
    if isinstance(value, float) and math.isinf(value):
        return math.copysign(_MASK.get(dtype, _DEFAULT_MASK), value)
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        masked = torch.isinf(value)
        if bool(masked.any()):
            finite = torch.full_like(value, _MASK.get(value.dtype, _DEFAULT_MASK))
            return torch.where(masked, finite.copysign(value), value)
    return value


def _constant(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Replace a -inf that is written as a number in the call."""
    dtype = next((a.dtype for a in args if isinstance(a, torch.Tensor)), torch.float32)
    dtype = kwargs.get("dtype") or dtype
    # Of the tensors only constants (0-dim) count: a computed -inf is no mask.
    new = tuple(_finite(a, dtype) if _is_constant(a) else a for a in args)
    keywords = {k: _finite(v, dtype) if _is_constant(v) else v for k, v in kwargs.items()}
    same = all(a is b for a, b in zip(args, new, strict=True))
    if same and all(kwargs[key] is keywords[key] for key in kwargs):
        return NotImplemented
    return func(*new, **keywords)


def _is_constant(value: Any) -> bool:
    return isinstance(value, float) or (
        isinstance(value, torch.Tensor) and value.ndim == 0 and not value.requires_grad
    )


def _made(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Replace the infinities of a constant that is made from data."""
    made = func(*args, **kwargs)
    new = _finite(made)
    return NotImplemented if new is made else new.requires_grad_(made.requires_grad)


def _attention(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Give fused attention a finite additive mask instead of a boolean one or one with -inf."""
    mask = args[3] if len(args) > 3 else kwargs.get("attn_mask")
    if not isinstance(mask, torch.Tensor):
        return NotImplemented
    dtype = args[0].dtype if args else kwargs["query"].dtype
    value = -_MASK.get(dtype, _DEFAULT_MASK)
    if mask.dtype == torch.bool:
        new = torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, value)
    else:
        new = _finite(mask)
        if new is mask:
            return NotImplemented
    if len(args) > 3:
        return func(*args[:3], new, *args[4:], **kwargs)
    return func(*args, **{**kwargs, "attn_mask": new})


def _multi_head(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Give nn.MultiheadAttention finite additive masks (True means masked there)."""
    new = dict(kwargs)
    for key in ("key_padding_mask", "attn_mask"):
        mask = kwargs.get(key)
        if isinstance(mask, torch.Tensor) and mask.dtype == torch.bool:
            zeros = torch.zeros_like(mask, dtype=args[0].dtype)
            new[key] = zeros.masked_fill(mask, -_MASK.get(args[0].dtype, _DEFAULT_MASK))
        elif isinstance(mask, torch.Tensor):
            new[key] = _finite(mask)
    if all(new[key] is kwargs[key] for key in kwargs):
        return NotImplemented
    return func(*args, **new)


def _log_of_mask(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make the logarithm of a 0/1 mask finite."""
    x = args[0] if args else kwargs.get("input")
    if not isinstance(x, torch.Tensor) or x.requires_grad:
        return NotImplemented
    if not bool(((x == 0) | (x == 1)).all()):
        return NotImplemented
    new = _finite(func(*args, **kwargs))
    return new if bool((x == 0).any()) else NotImplemented


_FILLS = (
    "masked_fill", "masked_fill_", "where", "full", "full_like", "new_full", "fill", "fill_",
    "__setitem__", "index_fill", "index_fill_", "scatter", "scatter_", "masked_scatter", "mul",
    "mul_", "__rmul__", "pad", "clamp",
)  # fmt: skip
_MASKED_OPS = {
    "softmax", "log_softmax", "logsumexp", "logaddexp", "sub", "mul", "add", "exp", "where",
    "masked_fill", "matmul", "bmm", "cross_entropy_loss", "nll_loss_forward", "sum", "max",
    "logcumsumexp", "sigmoid", "softplus", "kl_div", "xlogy", "div",
}  # fmt: skip
_REPAIRS: dict[str, Repair] = {
    **dict.fromkeys(_FILLS, _constant),
    **dict.fromkeys(("tensor", "scalar_tensor", "as_tensor", "new_tensor", "from_numpy"), _made),
    "log": _log_of_mask,
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _multi_head,
}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or facts.phase in ("parameters", "optimizer"):
        return IRRELEVANT
    ops = ops_of(facts.origin)
    fits = ops & _MASKED_OPS or any("attention" in op for op in ops)
    sees = [t.stats.num_neginf for t in (*facts.origin.inputs, *facts.origin.forward_inputs)]
    return "" if fits or any(sees) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    buffers = [(b, _finite(b.detach())) for b in target.model.buffers()]
    masks = [(buffer, new) for buffer, new in buffers if bool((new != buffer).any())]
    num_changed = len(masks)

    def finite(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal num_changed
        new: torch.Tensor = _finite(tensor)
        num_changed += new is not tensor
        return new

    mode = CallMode(_REPAIRS, None)
    batch = map_tensors(target.batch, finite)
    with replaced_values(masks), without_recompute(), mode:
        yield replace(target, batch=batch)
    if not (num_changed or mode.changed):
        raise Inapplicable("the step masks nothing with -inf")
    remark(", ".join(sorted(mode.changed)))


INTERVENTION = Intervention("finite_mask", "finite masks instead of -inf", _applies, _apply)
