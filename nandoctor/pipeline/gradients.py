"""The gradient flow of a live model: a table and its pictures; the tracing is done elsewhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import torch


def gradient_flow(
    model: torch.nn.Module, batch: Any, compute_loss: Any = None, *, device: str | None = None
) -> pd.DataFrame:
    """Return the gradient of every parameter of a live model, in the order of the model.

    One row a parameter: ``norm`` (L2), ``mean``, ``max`` and ``min`` of the finite elements,
    ``share_zero`` (0..1), ``num_nonfinite`` and ``mark`` (vanishing, exploding, zero, non-finite
    or empty). ``frame.picture()`` draws it for a terminal, ``frame.attrs["svg"]`` holds it as SVG,
    and a notebook shows it. Model, batch and RNG are left bit-identical.

    Raises:
        ReplayError: The step cannot be run.
    """
    import pandas as pd

    from nandoctor.reports.flow import mark_of
    from nandoctor.reports.flow_svg import flow_svg
    from nandoctor.reports.flow_text import flow_text
    from nandoctor.targets import target_of
    from nandoctor.tracing import gradient_flow as trace_gradients

    stats = trace_gradients(target_of(model, batch, compute_loss, device=device))
    columns = {
        "norm": [t.l2 for t in stats],
        "mean": [t.mean for t in stats],
        "max": [t.max for t in stats],
        "min": [t.min for t in stats],
        "share_zero": [t.num_zero / max(t.numel, 1) for t in stats],
        "num_nonfinite": [t.num_nonfinite for t in stats],
        "mark": [mark_of(t) for t in stats],
    }
    frame: pd.DataFrame = _frame_class()(
        columns, index=pd.Index([t.name for t in stats], name="parameter")
    )
    frame.attrs |= {"svg": flow_svg(stats), "text": flow_text(stats)}
    return frame


@cache
def _frame_class() -> Any:
    """Return the DataFrame with pictures; pandas is imported when one is asked for."""
    import pandas as pd

    class GradientFlow(pd.DataFrame):
        """What is computed from it, and a copy of it, is a plain DataFrame."""

        def picture(self, width: int = 100) -> str:
            """Return the norms by parameter as text: bars on a log scale, marked where extreme."""
            return "\n".join(line[:width].rstrip() for line in self.attrs["text"].splitlines())

        def _repr_html_(self) -> str:
            table = str(pd.DataFrame._repr_html_(self) or "")  # type: ignore[attr-defined]
            return f"{self.attrs.get('svg', '')}{table}"

        def __reduce__(self) -> Any:
            return pd.DataFrame, (dict(self.items()), self.index)

    return GradientFlow
