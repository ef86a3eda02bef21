"""nandoctor: the post-mortem doctor for training runs that exploded or went NaN."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nandoctor.errors import NandoctorError
    from nandoctor.findings import Report
    from nandoctor.pipeline import (
        classify,
        diagnose,
        gradient_flow,
        inspect_checkpoint,
        inspect_model,
        replay,
    )

_HOMES = {
    "NandoctorError": "nandoctor.errors",
    "Report": "nandoctor.findings",
    "classify": "nandoctor.pipeline",
    "diagnose": "nandoctor.pipeline",
    "gradient_flow": "nandoctor.pipeline",
    "inspect_checkpoint": "nandoctor.pipeline",
    "inspect_model": "nandoctor.pipeline",
    "replay": "nandoctor.pipeline",
}

__all__ = [
    "NandoctorError",
    "Report",
    "__version__",
    "classify",
    "diagnose",
    "gradient_flow",
    "inspect_checkpoint",
    "inspect_model",
    "replay",
]


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use: the package itself imports nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nandoctor' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    _give_reports_a_notebook_page()
    return value


def _give_reports_a_notebook_page() -> None:
    """Join what must not import each other: a notebook shows a Report as its HTML page."""
    from nandoctor.findings import Report

    def page(report: Report) -> str:
        from html import escape

        from nandoctor.reports import RENDERERS

        document = escape(RENDERERS["html"](report), quote=True)
        return f'<iframe srcdoc="{document}" style="width:100%;height:640px;border:0"></iframe>'

    Report._repr_html_ = page  # type: ignore[attr-defined]


def __dir__() -> list[str]:
    return sorted(__all__)
