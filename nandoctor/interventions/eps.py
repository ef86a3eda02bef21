"""An eps at the guilty op: an argument that sits on a singular point is moved just off it.

Elements farther away than eps keep their bits, so a healthy step stays what it was; a negative
logarithm argument stays negative (that is ``clamp``'s business).
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.arguments import (
    argument,
    eps_of,
    is_real,
    raised_keyword,
    step_at_one,
)
from nandoctor.interventions.empty_zero import CONTAINS as EMPTY_CONTAINS
from nandoctor.interventions.empty_zero import REPAIRS as EMPTY_REPAIRS
from nandoctor.interventions.site import Repair, applies_at, at_origin
from nandoctor.target import Intervention, ReplayTarget


def off_zero(x: Any) -> Any:
    """Move what is within eps of zero to +eps."""
    if not isinstance(x, torch.Tensor) or not (x.is_floating_point() or x.is_complex()):
        return NotImplemented
    eps = eps_of(x.dtype)
    return torch.where(x.abs() < eps, torch.full_like(x, eps), x)


def denominator(x: Any) -> Any:
    """Move what is within eps of zero to eps with the sign that it has."""
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        return x if abs(x) >= eps_of(torch.float32) else eps_of(torch.float32)
    if not isinstance(x, torch.Tensor):
        return NotImplemented
    if not x.is_floating_point() and not x.is_complex():
        x = x.to(torch.get_default_dtype())
    eps = eps_of(x.dtype)
    moved = torch.full_like(x, eps)
    return torch.where(x.abs() < eps, torch.where(x.real < 0, -moved, moved), x)


def off_one(x: Any) -> Any:
    """Move what is within eps of 1 or -1 inside the interval."""
    if not is_real(x):
        return NotImplemented
    step = step_at_one(x.dtype)
    inside = torch.full_like(x, 1 - step).copysign(x)
    return torch.where((x.abs() - 1).abs() < step, inside, x)


def off_edge(edge: float) -> Any:
    """Return a change that moves what is within eps of an edge above it."""

    def change(x: Any) -> Any:
        if not is_real(x):
            return NotImplemented
        step = step_at_one(x.dtype)
        return torch.where((x - edge).abs() < step, torch.full_like(x, edge + step), x)

    return change


def unit_interval(x: Any) -> Any:
    """Move what is within eps of 0 or 1 into the open interval."""
    if not is_real(x):
        return NotImplemented
    return off_zero(torch.where((x - 1).abs() < step_at_one(x.dtype), 1 - step_at_one(x.dtype), x))


def _pow(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Move the base off zero where the exponent makes a zero singular."""
    exponent = args[1] if len(args) > 1 else kwargs.get("exponent")
    if isinstance(exponent, (int, float)) and (exponent == 0 or exponent >= 1):
        return NotImplemented
    return argument(0, off_zero, "input", "self")(func, args, kwargs)


def _pair(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Move (0, 0) off the origin of atan2 and hypot."""
    if len(args) < 2 or not is_real(args[0]) or not is_real(args[1]):
        return NotImplemented
    y, x = args[:2]
    eps = eps_of(x.dtype)
    moved = torch.where((x.abs() < eps) & (y.abs() < eps), torch.full_like(x, eps), x)
    return func(y, moved, *args[2:], **kwargs)


_LOG = argument(0, off_zero, "input", "self")
_DIV = argument(1, denominator, "other")

REPAIRS: dict[str, Repair] = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "special_entr", "lgamma"), _LOG),
    **dict.fromkeys(("log_", "log2_", "log10_", "sqrt_", "rsqrt_"), _LOG),
    **dict.fromkeys(("div", "div_", "divide", "true_divide", "divide_", "true_divide_"), _DIV),
    **dict.fromkeys(("__rdiv__", "__rtruediv__"), argument(0, denominator)),
    **dict.fromkeys(("reciprocal", "reciprocal_"), argument(0, denominator, "input")),
    **dict.fromkeys(("pow", "pow_", "float_power", "__pow__", "__ipow__"), _pow),
    **dict.fromkeys(("norm", "linalg_norm", "linalg_vector_norm"), _LOG),
    **dict.fromkeys(("acos", "asin", "arccos", "arcsin", "atanh", "erfinv"), argument(0, off_one)),
    **dict.fromkeys(("acos_", "asin_", "atanh_", "special_erfinv"), argument(0, off_one)),
    **dict.fromkeys(("log1p", "log1p_", "special_log1p"), argument(0, off_edge(-1.0), "input")),
    **dict.fromkeys(("acosh", "arccosh"), argument(0, off_edge(1.0), "input")),
    **dict.fromkeys(("logit", "special_logit"), argument(0, unit_interval, "input")),
    **dict.fromkeys(("xlogy", "special_xlogy"), argument(1, off_zero, "other")),
    **dict.fromkeys(("atan2", "arctan2", "hypot"), _pair),
    "binary_cross_entropy": argument(0, unit_interval, "input"),
    "kl_div": argument(1, off_zero, "target"),
    "normalize": raised_keyword(3, 1e-12),
    "cosine_similarity": raised_keyword(3, 1e-8),
    "pairwise_distance": raised_keyword(3, 1e-6),
    "layer_norm": raised_keyword(4, 1e-5),
    "group_norm": raised_keyword(4, 1e-5),
    "rms_norm": raised_keyword(3),
    "batch_norm": raised_keyword(7, 1e-5),
    "instance_norm": raised_keyword(7, 1e-5),
    "gaussian_nll_loss": raised_keyword(4, 1e-6),
    **EMPTY_REPAIRS,
}

CONTAINS: dict[str, tuple[str, ...]] = {
    "normalize": ("normalize", "div", "norm"),
    "cosine_similarity": ("cosine_similarity", "div", "norm", "sqrt", "sum"),
    "pairwise_distance": ("pairwise_distance", "norm"),
    "layer_norm": ("layer_norm", "native_layer_norm"),
    "group_norm": ("group_norm", "native_group_norm"),
    "rms_norm": ("rms_norm", "rsqrt", "mul", "fused_rms_norm"),
    "batch_norm": ("batch_norm", "native_batch_norm", "cudnn_batch_norm"),
    "instance_norm": ("instance_norm", "native_batch_norm"),
    "gaussian_nll_loss": ("gaussian_nll_loss", "log", "div"),
    "binary_cross_entropy": ("binary_cross_entropy", "log"),
    "kl_div": ("kl_div", "xlogy", "log", "sub", "mul"),
    "special_entr": ("special_entr", "entr"),
    "logit": ("logit", "log", "div"),
    **EMPTY_CONTAINS,
}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return applies_at(facts, REPAIRS, CONTAINS)


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return at_origin(target, facts, REPAIRS, CONTAINS)


INTERVENTION = Intervention("eps", "an eps at the guilty op", _applies, _apply)
