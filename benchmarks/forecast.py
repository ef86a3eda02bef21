"""Measure the forecast: crashes warned ten steps ahead against false alarms, beside the textbook.

    python benchmarks/forecast.py [--data DIR] [-v]

DIR (default ../shared) holds runs/ and logs/; our own curves and sample runs are always measured.
A crash is predictable when its first sign, seen with hindsight, lies ten steps or more before it;
a warning counts when it stands at least ten steps before. Before the harm: the loss at the warning
is still below ten times its level at the first sign.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from series import Labelled, all_series

from nandoctor.signals import Forecaster, textbook

AHEAD = 10
LONG = 20
GONE = 5.0
HARM = 10.0
MAX_EVENTS, MAX_ALARMED = 1.0, 0.03


@dataclass(frozen=True)
class Track:
    """A series with what the two predictors said after each row."""

    item: Labelled
    score: np.ndarray
    evidence: np.ndarray
    textbook: np.ndarray

    def ours(self, threshold: float) -> list[int]:
        """Return the rows at which our score entered a level that begins at a threshold."""
        return entries(self.score >= threshold,
                       (self.score < threshold / 2) & (self.evidence <= GONE))  # fmt: skip

    def baseline(self, threshold: float) -> list[int]:
        """Return the rows at which the textbook's probability entered a threshold."""
        return entries(self.textbook >= threshold, self.textbook < threshold)

    def baseline_twice(self, threshold: float) -> list[int]:
        """Return the rows at which it did so for the second time in ten steps."""
        high = (self.textbook >= threshold).astype(int)
        twice = np.convolve(high, np.ones(AHEAD))[: len(high)] >= 2
        return entries(twice & (high > 0), ~twice)


Rule = Callable[[Track], list[int]]


def entries(begins: np.ndarray, ends: np.ndarray) -> list[int]:
    """Return the rows at which a level is entered that lasts until it ends."""
    rows, inside = [], False
    for row, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if begin and not inside:
            rows.append(row)
        inside = begin or (inside and not end)
    return rows


def track(item: Labelled) -> Track:
    """Run both predictors over a series."""
    metrics = []
    for name in ("loss", "grad_norm", "lr", "loss_scale", "update_norm"):
        column = item.history.columns.get(name)
        if column is None:
            metrics.append([None] * len(item.history))
        else:
            pairs = zip(column.values.tolist(), column.logged.tolist(), strict=True)
            metrics.append([value if logged else None for value, logged in pairs])
    forecaster = Forecaster()
    said = [
        (forecaster.advance(*row)[1], forecaster.evidence) for row in zip(*metrics, strict=True)
    ]
    score, evidence = np.array(said).T
    return Track(item, score, evidence, textbook.probabilities(item.history))


def is_warned(track: Track, rows: Sequence[int]) -> bool:
    """Whether one of these rows stands ten steps or more before the crash."""
    crash = track.item.crash or 0
    return any(track.item.history.step[row] <= crash - AHEAD for row in rows)


def is_before_harm(track: Track, rows: Sequence[int]) -> bool:
    """Whether the first warning stood while the loss was below ten times its level."""
    loss, steps = track.item.history.columns["loss"].values, track.item.history.step
    sign = int(np.searchsorted(steps, track.item.first_sign))
    level = np.median(np.abs(loss[max(0, sign - 10) : sign + 1]))
    return is_warned(track, rows) and bool(loss[rows[0]] < HARM * level)


def figures(rule: Rule, crashed: list[Track], healthy: list[Track]) -> dict[str, float]:
    """Return the shares of one rule at one threshold."""
    warned = [is_warned(t, rule(t)) for t in crashed]
    alarms = [len(rule(t)) for t in healthy]
    return {
        "warned": sum(warned) / max(1, len(crashed)),
        "before": sum(is_before_harm(t, rule(t)) for t in crashed) / max(1, len(crashed)),
        "events": 1e4 * sum(alarms) / max(1, sum(len(t.item.history) for t in healthy)),
        "alarmed": sum(a > 0 for a in alarms) / max(1, len(healthy)),
    }


def show(name: str, rule: Rule, crashed: list[Track], healthy: list[Track]) -> None:
    """Print one line of figures."""
    f = figures(rule, crashed, healthy)
    print(
        f"  {name:34} {100 * f['warned']:5.0f} % {100 * f['before']:8.0f} % {f['events']:9.2f}"
        f" {100 * f['alarmed']:9.1f} %"
    )


def compare(crashed: list[Track], healthy: list[Track]) -> None:
    """Print the whole curve, ours and the textbook's."""
    print("                                      warned  before harm  events/10k  healthy alarmed")
    for threshold in (0.3, 0.415, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0):
        name = {0.415: " (watch)", 1.0: " (alarm)"}.get(threshold, "")
        show(f"ours, score {threshold}{name}", lambda t, x=threshold: t.ours(x), crashed, healthy)
    for threshold in (0.3, 0.5, 0.7, 0.8, 0.9):
        show(f"textbook {threshold}", lambda t, x=threshold: t.baseline(x), crashed, healthy)
    show("textbook 0.8 twice in ten steps", lambda t: t.baseline_twice(0.8), crashed, healthy)


def by_kind(crashed: list[Track]) -> None:
    """Print the warned share by how long the crash could be seen coming and how it ended."""
    kinds: dict[str, Callable[[Track], bool]] = {
        "seen less than 20 steps ahead": lambda t: (t.item.lead or 0) < LONG,
        "seen 20 steps ahead or more": lambda t: (t.item.lead or 0) >= LONG,
        "ended in NaN or Inf": ends_nonfinite,
        "diverged with finite losses": lambda t: not ends_nonfinite(t),
    }
    for name, belongs in kinds.items():
        some = [t for t in crashed if belongs(t)]
        print(f"  {name:30} warned {sum(is_warned(t, t.ours(1.0)) for t in some)} of {len(some)}")


def ends_nonfinite(track: Track) -> bool:
    """Whether the last logged loss is not finite."""
    return not np.isfinite(track.item.history.columns["loss"].values[-1])


def leave_one_cause_out(crashed: list[Track], healthy: list[Track]) -> None:
    """Choose the threshold without a cause, within the budgets, and count on that cause."""
    grid = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
    total = 0
    for cause in sorted({t.item.cause for t in crashed}):
        rest = [t for t in crashed if t.item.cause != cause]
        out = [t for t in crashed if t.item.cause == cause]
        within = []
        for x in grid:
            f = figures(lambda t, x=x: t.ours(x), rest, healthy)
            if f["events"] <= MAX_EVENTS and f["alarmed"] <= MAX_ALARMED:
                within.append((f["warned"], -x))
        chosen = -max(within, default=(0.0, -grid[-1]))[1]
        hits = sum(is_warned(t, t.ours(chosen)) for t in out)
        total += hits
        print(f"  {cause:24} threshold {chosen:4.2f}: warned {hits} of {len(out)}")
    print(f"  together {total} of {len(crashed)} ({100 * total / max(1, len(crashed)):.0f} %)")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("-v", action="store_true", help="name what is missed or falsely alarmed")
    options = parser.parse_args()
    tracks = [track(item) for item in all_series(options.data)]
    for sources in (("samples", "curves"), ("runs",)):
        mine = [t for t in tracks if t.item.source in sources]
        crashed = [t for t in mine if t.item.crash is not None and (t.item.lead or 0) >= AHEAD]
        healthy = [t for t in mine if t.item.is_healthy]
        survived = [t for t in mine if t.item.crash is None and not t.item.is_healthy]
        if not crashed:
            continue
        steps = sum(len(t.item.history) for t in healthy)
        print(f"{' and '.join(sources)}: {len(crashed)} predictable crashes,"
              f" {len(healthy)} healthy runs of {steps} steps")  # fmt: skip
        compare(crashed, healthy)
        by_kind(crashed)
        alarmed = sum(bool(t.ours(1.0)) for t in survived)
        print(
            f"  near misses and divergences without a crash: alarmed {alarmed} of {len(survived)}"
        )
        print("leave one cause out")
        leave_one_cause_out(crashed, healthy)
        if options.v:
            print("missed:", [t.item.name for t in crashed if not is_warned(t, t.ours(1.0))])
            print("false:", [t.item.name for t in healthy if t.ours(1.0)])
        print()
    logs = [t for t in tracks if t.item.source == "logs" and t.item.is_healthy]
    if logs:
        clear = [t for t in logs if not t.item.is_ambiguous]
        for name, some in (("unambiguous", clear), ("all", logs)):
            alarmed = sum(bool(t.ours(1.0)) for t in some)
            print(f"healthy logs alarmed: {alarmed} of {len(some)} ({name})")


if __name__ == "__main__":
    main()
