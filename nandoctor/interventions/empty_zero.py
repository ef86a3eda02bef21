"""A reduction over nothing gives 0 instead of 0/0; any other reduction stays as it is."""

from __future__ import annotations

from typing import Any

import torch

from nandoctor.interventions.at_origin import Cure
from nandoctor.interventions.site import Repair
from nandoctor.target import Intervention


def _mean(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Sum instead of averaging where there is nothing to average."""
    x = args[0] if args else kwargs.get("input")
    if not isinstance(x, torch.Tensor):
        return NotImplemented
    result = func(*args, **kwargs)
    if x.numel() > 0 or result.numel() == 0:
        return NotImplemented
    return x.sum() * 0 + torch.zeros_like(result)


def _nanmean(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Average nothing but NaN to 0."""
    result = func(*args, **kwargs)
    empty = torch.isnan(result)
    return torch.where(empty, 0.0, result) if bool(empty.any()) else NotImplemented


def _loss(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Sum instead of averaging where no element, no label or no weight counts."""
    if kwargs.get("reduction", "mean") not in ("mean", "batchmean"):
        return NotImplemented
    mean = func(*args, **kwargs)
    if not isinstance(mean, torch.Tensor) or not bool(torch.isnan(mean).all()):
        return NotImplemented
    total = func(*args, **{**kwargs, "reduction": "sum"})
    return total if bool((total == 0).all()) else NotImplemented


_LOSSES = (
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "nll_loss", "cross_entropy", "kl_div",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "poisson_nll_loss",
    "gaussian_nll_loss", "soft_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss",
    "triplet_margin_loss", "margin_ranking_loss", "multi_margin_loss",
)  # fmt: skip

REPAIRS: dict[str, Repair] = {
    **dict.fromkeys(("mean", "std", "var", "median", "nanmedian"), _mean),
    **dict.fromkeys(_LOSSES, _loss),
    "nanmean": _nanmean,
}

CONTAINS: dict[str, tuple[str, ...]] = {
    "mean": ("mean", "div"),
    "nanmean": ("nanmean", "mean", "div"),
    **{name: (name, "mean", "div") for name in _LOSSES},
    "nll_loss": ("nll_loss", "nll_loss_forward", "nll_loss2d_forward", "nll_loss2d", "nll_loss_nd"),
    "cross_entropy": (
        "cross_entropy",
        "cross_entropy_loss",
        "nll_loss",
        "nll_loss_forward",
        "nll_loss2d_forward",
        "nll_loss2d",
    ),
}


_CURE = Cure(REPAIRS, CONTAINS)
INTERVENTION = Intervention(
    "empty_zero", "an empty reduction gives 0", _CURE.applies, _CURE.apply, cost=2
)
