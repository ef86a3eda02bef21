"""The general text reader: finds the named numbers of any line, whatever wrote it."""

from __future__ import annotations

import math
import re

from nandoctor.logs import naming
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import BAR, Groups
from nandoctor.logs.line import Named, is_epoch_bar, numbers_of, plain, rank_of
from nandoctor.logs.lines import numbered
from nandoctor.logs.source import Source

_VALIDATION_LINE = re.compile(
    r"^.{0,120}?(?:^|[\]:>|(] ?|\s-\s|\s{2}|\t)\W*(?:val|valid|validation|test|eval|evaluation|dev)"
    r"(?:ing)?\b\s*(?:epoch\b\s*)?[-:\]|(>=\[]",
    re.IGNORECASE,
)


class TextReader:
    """Takes lines one by one and sorts their numbers into groups."""

    def __init__(self) -> None:
        self.groups = Groups()
        self._context = math.nan

    def take(self, number: int, text: str) -> bool:
        """Read one line; True where it holds a metric."""
        text = plain(text)
        kept = [named for named in numbers_of(text) if _is_kept(named)]
        if not kept:
            return False
        if not any(_is_signal(named.key) for named in kept):
            self._announce(kept)
            return False
        keys = self._keys(text, kept)
        group = self.groups.of(keys, rank_of(text), _bar(text, kept))
        if group is not None:
            group.add(number, tuple(named.value for named in kept), self._context)
        return True

    def _announce(self, kept: list[Named]) -> None:
        """Remember the step or epoch that a line without metrics announces."""
        for named in kept:
            if named.key != BAR and naming.step_rank(named.key) is not None:
                self._context = named.value
                return

    @staticmethod
    def _keys(text: str, kept: list[Named]) -> tuple[str, ...]:
        is_validation = _VALIDATION_LINE.match(text) is not None or any(
            naming.is_validation(named.key) and naming.step_rank(named.key) is not None
            for named in kept
        )
        keys: list[str] = []
        for named in kept:
            key = named.key
            if is_validation and not naming.is_validation(key) and naming.step_rank(key) is None:
                key = f"val {key}"
            while key in keys:
                key += "'"
            keys.append(key)
        return tuple(keys)


def _is_kept(named: Named) -> bool:
    return (
        named.key == BAR or _is_signal(named.key) or naming.step_rank(named.key) is not None
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
