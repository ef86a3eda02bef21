"""Lines of any text log, sorted into groups by what they name; templates of frequent lines are
learnt here and applied elsewhere."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING, Group, Groups
from nandoctor.logs.learning import FEWEST_SAMPLES, Sample, learn
from nandoctor.logs.line import Named, is_epoch_bar, numbers_of, plain, rank_of
from nandoctor.logs.tables import PrintedTable
from nandoctor.logs.template import Template

_VALIDATION_LINE = re.compile(
    r"^.{0,120}?(?:^|[\]:>|(] ?|\s-\s|\s{2}|\t)\W*(?:val|valid|validation|test|eval|evaluation|dev)"
    r"(?:ing)?\b\s*(?:epoch\b\s*)?[-:\]|(>=\[]",
    re.IGNORECASE,
)
_LONGEST = 1 << 14
"""A longer line is data, not a message."""
_TRIES = 8
_PRINTED_TABLE = 3


class TextReader:
    """Takes lines one by one and sorts their numbers into groups.

    Args:
        keeps_rows: False where only the templates of the lines are of interest.
    """

    def __init__(self, *, keeps_rows: bool = True) -> None:
        self._keeps_rows = keeps_rows
        self.groups = Groups()
        self.context = math.nan
        """The last step or epoch that a line without metrics announced."""
        self.templates: list[Template] = []
        self._samples: dict[int, list[Sample]] = {}
        self._tries: dict[int, int] = {}
        self._table = PrintedTable()

    def take(self, number: int, raw: str) -> bool:
        """Read one line (latin-1); True where it holds a metric."""
        if len(raw) > _LONGEST:
            return False
        text = plain(raw)
        row = [named for named in self._table.row(text) if _is_kept(named)]
        if row:
            self._add(number, row, None, _PRINTED_TABLE)
            return True
        kept = [named for named in numbers_of(text) if _is_kept(named)]
        if not kept:
            self._table.take_header(text)
            return False
        if not any(_is_signal(named.key) for named in kept):
            self._announce(kept)
            return False
        if _is_validation_line(text, kept):
            kept = [_as_validation(named) for named in kept]
        bar = _bar(text, kept)
        if bar:  # remains of an overdrawn line: the last of a name counts
            kept = list({named.key: named for named in kept}.values())
        group = self._add(number, kept, rank_of(text), bar)
        if group is not None and not bar and text is raw:
            samples = self._samples.setdefault(id(group), [])
            if len(samples) < 2 * FEWEST_SAMPLES:
                samples.append(Sample(raw.encode("latin-1"), tuple(kept)))
        return True

    def learn(self) -> None:
        """Learn the templates of the groups that met many lines since the last time."""
        for group in self.groups.by_keys.values():
            samples = self._samples.get(id(group), [])
            tries = self._tries.get(id(group), 0)
            if len(samples) >= FEWEST_SAMPLES and tries < _TRIES:
                self._tries[id(group)] = tries + 1
                template = learn(group, samples)
                if template is not None and not any(map(template.is_like, self.templates)):
                    self.templates.append(template)
                samples.clear()

    def _add(self, number: int, kept: list[Named], rank: int | None, bar: int) -> Group | None:
        keys: list[str] = []
        for named in kept:
            key = named.key
            if naming.step_rank(key) in (0, 1):
                key = key.split()[-1].lower().replace("steps", "step")
            while key in keys:
                key += "'"
            keys.append(key)
        group = self.groups.of(tuple(keys), rank, bar)
        if group is not None and self._keeps_rows:
            group.add(number, tuple(named.value for named in kept), self.context)
        return group

    def _announce(self, kept: list[Named]) -> None:
        for named in kept:
            if naming.step_rank(named.key) is not None:
                self.context = named.value
                return


def _is_validation_line(text: str, kept: list[Named]) -> bool:
    return _VALIDATION_LINE.match(text) is not None or any(
        naming.is_validation(named.key) and naming.step_rank(named.key) is not None
        for named in kept
    )


def _as_validation(named: Named) -> Named:
    if naming.step_rank(named.key) is not None or naming.is_validation(named.key):
        return named
    return named if named.key in (BAR, LEADING) else replace(named, key=f"val {named.key}")


def _is_kept(named: Named) -> bool:
    return (
        named.key in (BAR, LEADING)
        or _is_signal(named.key)
        or naming.step_rank(named.key) is not None
        or not naming.is_noise(named.key)
    )


def _is_signal(key: str) -> bool:
    return (
        naming.loss_rank(key) is not None
        or naming.grad_norm_rank(key) is not None
        or naming.lr_rank(key) is not None
        or naming.loss_scale_rank(key) is not None
        or naming.counter_name(key) is not None
    )


def _bar(text: str, kept: list[Named]) -> int:
    for named in kept:
        if named.key == BAR and named.of is not None and is_epoch_bar(text):
            return 2 if named.value >= named.of else 1
    return 0
