"""MLflow's file store: one file a metric, lines of ``timestamp value step``; the metrics beside
the one that was named are read with it."""

from __future__ import annotations

import re
from pathlib import Path

from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Group
from nandoctor.logs.lines import numbered
from nandoctor.logs.source import Source, open_source
from nandoctor.logs.spelling import to_number

_LINE = re.compile(rb"^\d{12,14} \S+ -?\d+\s*$")


def _sniff(head: bytes) -> bool:
    lines = head[:4096].splitlines()[:20]
    return bool(lines) and sum(bool(_LINE.match(line)) for line in lines) >= 0.9 * len(lines)


def _read(source: Source) -> Reading:
    reading = Reading()
    place = Path(source.path)
    reading.groups.append(_metric(source, reading, place.name))
    folder = next((p for p in place.parents if p.name == "metrics"), None)
    if folder is not None:
        for other in sorted(folder.rglob("*")):
            if other.is_file() and other != place:
                name = other.relative_to(folder).as_posix()
                with open_source(str(other)) as beside:
                    reading.groups.append(_metric(beside, reading, name))
    reading.has_lines = len(reading.groups) == 1
    return reading


def _metric(source: Source, reading: Reading, name: str) -> Group:
    group = Group(("step", name))
    for number, line in numbered(source):
        words = line.decode("latin-1").split()
        value = to_number(words[1]) if len(words) == 3 else None
        step = to_number(words[2]) if len(words) == 3 else None
        if value is None or step is None:
            reading.unread(line.decode("utf-8", "replace"))
            continue
        group.add(number, (step, value))
        reading.num_lines = max(number, reading.num_lines)
    return group


FORMAT = LogFormat("mlflow", _sniff, _read)
