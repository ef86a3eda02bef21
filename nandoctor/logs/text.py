"""The general text reader: finds the named numbers of any line, whatever wrote it."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from nandoctor.logs import naming
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import BAR, Groups
from nandoctor.logs.line import Named, is_epoch_bar, numbers_of, plain, rank_of
from nandoctor.logs.lines import numbered
from nandoctor.logs.source import Source
from nandoctor.logs.tables import PrintedTable

_VALIDATION_LINE = re.compile(
    r"^.{0,120}?(?:^|[\]:>|(] ?|\s-\s|\s{2}|\t)\W*(?:val|valid|validation|test|eval|evaluation|dev)"
    r"(?:ing)?\b\s*(?:epoch\b\s*)?[-:\]|(>=\[]",
    re.IGNORECASE,
)


class TextReader:
    """Takes lines one by one and sorts their numbers into groups."""

    def __init__(self) -> None:
        self.groups = Groups()
        self._table = PrintedTable()
        self._context = math.nan

    def take(self, number: int, text: str) -> bool:
        """Read one line; True where it holds a metric."""
        text = plain(text)
        kept = [named for named in self._table.row(text) if _is_kept(named)]
        if kept:
            return self._add(number, kept, None, 3)
        kept = [named for named in numbers_of(text) if _is_kept(named)]
        if not kept:
            self._table.take_header(text)
            return False
        if not any(_is_signal(named.key) for named in kept):
            self._announce(kept)
            return False
        if _is_validation_line(text, kept):
            kept = [
                named if _is_step(named.key) or naming.is_validation(named.key)
                else replace(named, key=f"val {named.key}")
                for named in kept
            ]  # fmt: skip
        return self._add(number, kept, rank_of(text), _bar(text, kept))

    def _add(self, number: int, kept: list[Named], rank: int | None, bar: int) -> bool:
        keys: list[str] = []
        for named in kept:
            key = named.key
            while key in keys:
                key += "'"
            keys.append(key)
        group = self.groups.of(tuple(keys), rank, bar)
        if group is not None:
            group.add(number, tuple(named.value for named in kept), self._context)
        return True

    def _announce(self, kept: list[Named]) -> None:
        """Remember the step or epoch that a line without metrics announces."""
        for named in kept:
            if named.key != BAR and _is_step(named.key):
                self._context = named.value
                return


def _is_validation_line(text: str, kept: list[Named]) -> bool:
    return _VALIDATION_LINE.match(text) is not None or any(
        naming.is_validation(named.key) and _is_step(named.key) for named in kept
    )


def _is_step(key: str) -> bool:
    return naming.step_rank(key) is not None


def _is_kept(named: Named) -> bool:
    return (
        named.key == BAR or _is_signal(named.key) or _is_step(named.key)
        or not naming.is_noise(named.key)
    )  # fmt: skip


def _is_signal(key: str) -> bool:
    return (
        naming.loss_rank(key) is not None or naming.grad_norm_rank(key) is not None
        or naming.lr_rank(key) is not None or naming.loss_scale_rank(key) is not None
        or naming.counter_name(key) is not None
    )  # fmt: skip


def _bar(text: str, kept: list[Named]) -> int:
    for named in kept:
        if named.key == BAR and named.of is not None and is_epoch_bar(text):
            return 2 if named.value >= named.of else 1
    return 0


def _sniff(head: bytes) -> bool:
    return b"\0" not in head


def _read(source: Source) -> Reading:
    reading = Reading()
    reader = TextReader()
    for number, line in numbered(source):
        reading.num_lines = number
        reader.take(number, line.decode("latin-1"))
    reading.groups = list(reader.groups.by_keys.values())
    return reading


FORMAT = LogFormat("text", _sniff, _read)
