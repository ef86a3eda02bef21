"""Renderers: a Report in, text out; each is imported when it is first used, none prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Protocol

from nandoctor.findings import Report
from nandoctor.reports.view import PLAIN, View

__all__ = ["PLAIN", "RENDERERS", "Renderer", "View"]


class Renderer(Protocol):
    """What every renderer is."""

    def __call__(self, report: Report, view: View = PLAIN) -> str:
        """Return the report as text that ends in one newline."""
        ...


_NAMES = ("rich", "json", "markdown", "html", "sarif", "junit", "github", "csv")


class _Renderers(Mapping[str, Renderer]):
    """Name -> renderer, in the order of the help; a module is loaded when it is asked for."""

    def __getitem__(self, name: str) -> Renderer:
        if name not in _NAMES:
            raise KeyError(name)
        renderer: Renderer = import_module(f"nandoctor.reports.{name}").render
        return renderer

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


RENDERERS: Mapping[str, Renderer] = _Renderers()
