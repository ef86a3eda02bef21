"""A log that is being watched: a status line and the curve so far; follows nothing itself."""

from __future__ import annotations

from typing import Protocol

from nandoctor.evidence import Forecast, LogFacts, MetricHistory
from nandoctor.findings import Report
from nandoctor.reports.curve import curve
from nandoctor.reports.plot import plot
from nandoctor.reports.text import number, visible
from nandoctor.reports.view import View

HEIGHT = 12


class Outlook(Protocol):
    """What the forecaster says after the last row."""

    @property
    def level(self) -> str:
        """calm, watch or alarm."""
        ...

    @property
    def probability(self) -> float:
        """Of a crash, in 0..1."""
        ...


def status_line(
    path: str, history: MetricHistory, outlook: Outlook, alarms: tuple[int, ...]
) -> str:
    """Return step, level, probability and the latest metrics on one line."""
    parts = [f"step {int(history.step[-1])}", f"{outlook.level} {outlook.probability:.0%}"]
    for name in ("loss", "grad_norm", "lr", "loss_scale"):
        column = history.columns.get(name)
        if column is not None and column.logged.any():
            latest = float(column.values[column.logged.nonzero()[0][-1]])
            parts.append(f"{name} {number(latest)}")
    if alarms:
        parts.append(f"alarm entered at step {alarms[0]}")
    return f"{visible(path)}: {' · '.join(parts)}"


def curve_lines(history: MetricHistory, view: View) -> list[str]:
    """Return the loss so far, drawn; nothing while there are fewer than two points."""
    log = LogFacts(path="", format="", history=history)
    drawn = curve(Report(command="watch", logs=(log,), forecast=Forecast()))
    if drawn is None:
        return []
    return [line.rstrip() for line in plot(drawn, view.width, HEIGHT, is_ascii=view.is_ascii)]
