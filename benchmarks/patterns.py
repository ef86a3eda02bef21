"""Measure the pattern: right by source, onset, false alarms, confidence, sparse logging.

    python benchmarks/patterns.py [--data DIR] [-v]

DIR (default ../shared) holds logs/ and runs/; our sample runs and curves are always measured.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from series import NAMES, Labelled, all_series

from nandoctor.evidence import Pattern
from nandoctor.signals import classify_history

NEAR = 2
"""Logged points by which an onset may be off."""
INTERVALS = (1, 10, 50)
FEW = 8
"""Logged points below which a thinned run is left out."""


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("-v", action="store_true", help="name what is wrong")
    options = parser.parse_args()
    start = time.process_time()
    judged = [(item, classify_history(item.history)) for item in all_series(options.data)]
    print(f"{len(judged)} series in {time.process_time() - start:.1f} s\n")
    for source in dict.fromkeys(item.source for item, _ in judged):
        report(source, [pair for pair in judged if pair[0].source == source])
    calibration(judged)
    intervals([item for item, _ in judged if item.crash is not None and not item.is_ambiguous])
    if options.v:
        for item, found in judged:
            if found.pattern not in item.allowed:
                print(f"{item.source} {item.name}: {'/'.join(item.allowed)}, got {found.pattern}")


def report(source: str, judged: list[tuple[Labelled, Pattern]]) -> None:
    """Print the figures of one source."""
    clear = [pair for pair in judged if not pair[0].is_ambiguous]
    print(f"{source}: pattern right on {share(clear)} unambiguous, {share(judged)} of all")
    for name in NAMES:
        some = [pair for pair in clear if pair[0].label == name]
        if some:
            print(f"  {name:12} {share(some)}")
    healthy = [found for item, found in clear if item.label == "healthy"]
    if healthy:
        called_ill = sum(found.pattern != "healthy" for found in healthy)
        print(f"  healthy called ill {called_ill} of {len(healthy)}")
    for title, pairs in (("unambiguous", clear), ("all", judged)):
        off = [o for item, found in pairs if (o := onset_error(item, found)) is not None]
        if off:
            near = sum(abs(o) <= NEAR for o in off)
            print(f"  onset within {NEAR} points on {near} of {len(off)} ({title})")
    print("  confusion (all; rows: label, columns: found)")
    counts = Counter((item.label, found.pattern) for item, found in judged)
    print(" " * 14 + " ".join(f"{name:>11}" for name in NAMES))
    for label in NAMES:
        print(f"  {label:11} " + " ".join(f"{counts[label, name]:11}" for name in NAMES))
    print()


def share(judged: list[tuple[Labelled, Pattern]]) -> str:
    """Return how many are right."""
    right = sum(found.pattern in item.allowed for item, found in judged)
    return f"{right} of {len(judged)} ({100 * right / max(1, len(judged)):.0f} %)"


def onset_error(item: Labelled, found: Pattern) -> int | None:
    """Return by how many logged points the onset is off, None where there is none to compare."""
    if item.label == "healthy" or item.onset is None or found.onset_step is None:
        return None
    place = [int(np.searchsorted(item.history.step, s)) for s in (item.onset, found.onset_step)]
    return place[1] - place[0]


def calibration(judged: list[tuple[Labelled, Pattern]]) -> None:
    """Print how often an unambiguous pattern of each confidence is right."""
    print("confidence (unambiguous): said / right")
    groups = defaultdict(list)
    for item, found in judged:
        if not item.is_ambiguous:
            groups[min(int(found.confidence * 10), 9)].append((item, found))
    for tenth in sorted(groups):
        said = np.mean([found.confidence for _, found in groups[tenth]])
        print(f"  {said:.2f} / {share(groups[tenth])}")
    print()


def intervals(series: list[Labelled]) -> None:
    """Print what the same crashed runs look like when fewer of their steps are logged."""
    print("the same crashes, logged less often: as at every step / another pattern, of them told")
    for interval in INTERVALS:
        same, others, told = 0, 0, 0
        for item in series:
            thinned = item.history.rows(slice(0, None, interval))
            if len(thinned) < FEW:
                continue
            found = classify_history(thinned)
            same += found.pattern in item.allowed
            if found.pattern not in item.allowed:
                others += 1
                told += any("logged every" in sentence for sentence in found.evidence)
        print(f"  every {interval:3} steps: {same} / {others}, {told}")
    print()


if __name__ == "__main__":
    main()
