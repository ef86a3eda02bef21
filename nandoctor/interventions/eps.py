"""An eps at the guilty op: an argument that sits on a singular point is moved just off it.

A healthy step stays what it was; a negative logarithm argument stays negative (that is ``clamp``'s
business).
"""

from __future__ import annotations

from typing import Any

import torch

from nandoctor.interventions.arguments import argument, eps_of, is_real, raised_keyword
from nandoctor.interventions.at_origin import Cure
from nandoctor.interventions.empty_zero import CONTAINS as EMPTY_CONTAINS
from nandoctor.interventions.empty_zero import REPAIRS as EMPTY_REPAIRS
from nandoctor.interventions.singular import (
    denominator,
    off_both_ends,
    off_edge,
    off_one,
    off_singular_matrix,
    off_zero,
)
from nandoctor.interventions.site import Repair
from nandoctor.target import Intervention


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


def _corrcoef(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Move variances of zero off it before they are divided by."""
    x = args[0] if args else kwargs.get("input")
    if not isinstance(x, torch.Tensor) or not is_real(x) or x.ndim < 2:
        return NotImplemented
    covariance = torch.cov(x)
    spread = off_zero(covariance.diagonal()).sqrt()
    return (covariance / spread[:, None] / spread).clamp(-1, 1)


_ZERO, _DIV = argument(0, off_zero, "input", "self"), argument(1, denominator, "other")
_MATRIX = argument(0, off_singular_matrix, "input", "A")

REPAIRS: dict[str, Repair] = EMPTY_REPAIRS | {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "special_entr"), _ZERO),
    **dict.fromkeys(("log_", "log2_", "log10_", "sqrt_", "rsqrt_"), _ZERO),
    **dict.fromkeys(("lgamma", "digamma", "special_gammaln", "special_digamma"), _ZERO),
    **dict.fromkeys(("norm", "linalg_norm", "linalg_vector_norm", "_weight_norm"), _ZERO),
    **dict.fromkeys(("div", "div_", "divide", "divide_", "true_divide", "true_divide_"), _DIV),
    **dict.fromkeys(("remainder", "fmod", "__floordiv__", "floor_divide"), _DIV),
    **dict.fromkeys(("addcdiv", "addcdiv_"), argument(2, denominator, "tensor2")),
    **dict.fromkeys(("__rdiv__", "__rtruediv__"), argument(0, denominator)),
    **dict.fromkeys(("reciprocal", "reciprocal_"), argument(0, denominator, "input")),
    **dict.fromkeys(("pow", "pow_", "float_power", "__pow__", "__ipow__"), _pow),
    **dict.fromkeys(("acos", "asin", "arccos", "arcsin", "atanh", "erfinv"), argument(0, off_one)),
    **dict.fromkeys(("acos_", "asin_", "atanh_", "special_erfinv"), argument(0, off_one)),
    **dict.fromkeys(("log1p", "log1p_", "special_log1p"), argument(0, off_edge(-1.0), "input")),
    **dict.fromkeys(("acosh", "arccosh"), argument(0, off_edge(1.0), "input")),
    **dict.fromkeys(("logit", "special_logit"), argument(0, off_both_ends, "input")),
    **dict.fromkeys(("xlogy", "special_xlogy"), argument(1, off_zero, "other")),
    **dict.fromkeys(("atan2", "arctan2", "hypot"), _pair),
    **dict.fromkeys(("logdet", "slogdet", "linalg_slogdet", "linalg_eigh"), _MATRIX),
    **dict.fromkeys(("linalg_svd", "svd", "linalg_cholesky", "cholesky", "linalg_eig"), _MATRIX),
    **dict.fromkeys(("linalg_inv", "inverse", "linalg_qr"), _MATRIX),
    "corrcoef": _corrcoef,
    "binary_cross_entropy": argument(0, off_both_ends, "input"),
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
}

CONTAINS: dict[str, tuple[str, ...]] = EMPTY_CONTAINS | {
    "_weight_norm": ("weight_norm", "weight_norm_interface", "div", "norm"),
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
    "corrcoef": ("corrcoef", "div", "sqrt"),
    "kl_div": ("kl_div", "xlogy", "log", "sub", "mul", "mean", "div"),
    "special_entr": ("special_entr", "entr"),
    "logit": ("logit", "log", "div"),
    "logdet": ("logdet", "linalg_slogdet", "linalg_lu_factor_ex"),
    "slogdet": ("slogdet", "linalg_slogdet"),
}

_CURE = Cure(REPAIRS, CONTAINS)
INTERVENTION = Intervention("eps", "an eps at the guilty op", _CURE.applies, _CURE.apply, cost=2)
