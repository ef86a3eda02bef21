"""Key numerics of the layers around the origin: attention, logarithms, variances, exponents."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nandoctor.evidence import LayerNumerics
from nandoctor.step import stored_values

BEFORE, AFTER = 8, 4
"""How many key ops before and after the origin are kept."""

WINDOW = 400
"""How many ops before the origin the first of them may stand."""

_SOFTMAX = frozenset({"_softmax", "_safe_softmax", "_log_softmax"})
_LOGS = frozenset({"log", "log2", "log10", "log1p"})
_EXPS = frozenset({"exp", "exp2", "expm1"})
_NORMS = frozenset({
    "native_layer_norm", "native_batch_norm", "native_group_norm", "_native_batch_norm_legit",
    "cudnn_batch_norm", "_batch_norm_with_update",
})  # fmt: skip
_SPREADS = frozenset({"rsqrt", "var", "std"})


class NumericsNotes:
    """Measures key ops as they run and keeps those around one op.

    Args:
        center: Index of that op; for a gradient, of its forward op.
    """

    def __init__(self, center: int | None) -> None:
        self._center = center
        self.before: list[LayerNumerics] = []
        self.after: list[LayerNumerics] = []

    def note(
        self, index: int, name: str, read: Sequence[torch.Tensor],
        results: Sequence[torch.Tensor], module: str,
    ) -> None:  # fmt: skip
        """Measure one op if it is a key op near the center."""
        if self._center is None or not read or len(self.after) >= AFTER:
            return
        if index < self._center - WINDOW:
            return
        if not read[0].is_floating_point() or read[0].numel() == 0:
            return
        found = measured(name, read, results)
        if found is None:
            return
        kind, values, note = found
        layer = LayerNumerics(module, kind, values, note)
        if index > self._center:
            self.after.append(layer)
        else:
            self.before = [*self.before, layer][-BEFORE:]

    def layers(self) -> tuple[LayerNumerics, ...]:
        """Return the figures in the order of the step."""
        return (*self.before, *self.after)


def measured(
    name: str, read: Sequence[torch.Tensor], results: Sequence[torch.Tensor]
) -> tuple[str, dict[str, float], str] | None:
    """Return kind, figures and a remark about a key op; None for any other op."""
    if name in _SOFTMAX:
        return _softmax(name, read[0], results[0])
    if "scaled_dot_product" in name and len(read) >= 2:
        return _fused_attention(read[0], read[1], results[0])
    values = stored_values(read[0])
    if name in _LOGS:
        zeros, negative = int((values == 0).sum()), int((values < 0).sum())
        figures = {"min": _low(values), "num_zero": zeros, "num_negative": negative}
        return "log", figures, f"{zeros} zeros and {negative} negative arguments"
    if name in _EXPS:
        limit = float(torch.log(torch.tensor(torch.finfo(values.dtype).max)))
        return "exp", {"max": _high(values), "limit": limit}, f"overflows above {limit:.4g}"
    if name in _NORMS:
        return _norm(results)
    if name in _SPREADS:
        subject = stored_values(results[0]) if name != "rsqrt" else values
        return "variance", {"min": _low(subject), "num_zero": int((subject == 0).sum())}, name
    return None


def _softmax(
    name: str, scores: torch.Tensor, result: torch.Tensor
) -> tuple[str, dict[str, float], str]:
    rows = stored_values(scores)
    too_large = int((rows == torch.inf).sum())
    # Where scores overflow, a row of -inf has overflowed as well, and nobody masked it.
    masked = int((rows.amax(-1) == -torch.inf).sum()) if rows.ndim and not too_large else 0
    remark = f"{masked} rows with every key masked" if masked else ""
    if too_large:
        remark = f"{too_large} scores are +Inf"
    figures = {
        "score_min": _low(rows),
        "score_max": _high(rows),
        "limit": float(torch.finfo(scores.dtype).max),
        "rows_all_masked": masked,
        **_row_counts(result),
    }
    return "softmax" if name == "_log_softmax" else "attention", figures, remark


def _fused_attention(
    query: torch.Tensor, key: torch.Tensor, result: torch.Tensor
) -> tuple[str, dict[str, float], str]:
    """Bound the scores from above: the fused kernel does not show them."""
    longest = [float(t.detach().float().norm(dim=-1).amax()) for t in (query, key)]
    figures = {
        "score_bound": longest[0] * longest[1] / query.shape[-1] ** 0.5,
        "limit": float(torch.finfo(query.dtype).max),
        **_row_counts(result),
    }
    return "attention", figures, "scores of the fused kernel, bounded by the norms of q and k"


def _row_counts(result: torch.Tensor) -> dict[str, float]:
    rows = stored_values(result)
    if rows.ndim == 0 or rows.numel() == 0:
        return {}
    return {
        "rows_nan": int(torch.isnan(rows).any(-1).sum()),
        "rows_zero": int((rows == 0).all(-1).sum()),
    }


def _norm(results: Sequence[torch.Tensor]) -> tuple[str, dict[str, float], str] | None:
    """Read the variance back from the reciprocal deviation that the kernel returns."""
    inverse = results[-1] if len(results) >= 3 else None
    if inverse is None or not inverse.is_floating_point() or inverse.numel() == 0:
        return None
    variance = stored_values(inverse).float().pow(-2)
    return "variance", {"min_with_eps": _low(variance), "max_with_eps": _high(variance)}, ""


def _low(values: torch.Tensor) -> float:
    finite = values[torch.isfinite(values)]
    return float(finite.min()) if finite.numel() else float("nan")


def _high(values: torch.Tensor) -> float:
    finite = values[torch.isfinite(values)]
    return float(finite.max()) if finite.numel() else float("nan")
