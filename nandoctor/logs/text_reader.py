"""Lines of any text log, sorted into groups by what they name; templates of frequent lines are
learnt here and applied elsewhere."""

from __future__ import annotations

from nandoctor.logs import naming
from nandoctor.logs.announced import Announced
from nandoctor.logs.dull_lines import DullLines, shape_of
from nandoctor.logs.foreign import in_english
from nandoctor.logs.groups import Group, Groups
from nandoctor.logs.learning import FEWEST_SAMPLES, Sample, learn
from nandoctor.logs.line import Named, numbers_of, plain
from nandoctor.logs.line_kind import (
    bar_of,
    begins_validation,
    drawn_last,
    is_of_training,
    is_summary_line,
    is_validation_line,
    marked,
    rank_of,
    with_bare_epoch,
)
from nandoctor.logs.relevance import is_header, is_kept, is_signal
from nandoctor.logs.tables import PrintedTable
from nandoctor.logs.template import Template
from nandoctor.logs.unnamed_validation import UnnamedValidation

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
        self._announced = Announced()
        self.validation = UnnamedValidation(self.groups)
        self.templates: list[Template] = []
        self._samples: dict[int, list[Sample]] = {}
        self._tries: dict[int, int] = {}
        self._table = PrintedTable()
        self._dull = DullLines()

    @property
    def context(self) -> float:
        """The last step or epoch that a line without metrics announced."""
        return self._announced.value

    def take(self, number: int, raw: str) -> bool:
        """Read one line (latin-1); True where it holds a metric."""
        if len(raw) > _LONGEST:
            return False
        shape = shape_of(raw)
        if self._dull.knows(shape) and not self._table.is_open:
            self.validation.runs &= not raw.strip()
            return False
        text = in_english(plain(raw))
        row = [named for named in self._table.row(text) if is_kept(named)]
        if row:
            self._add(number, row, None, (_PRINTED_TABLE, 0))
            return True
        kept = [named for named in numbers_of(text) if is_kept(named)]
        if not any(is_signal(named.key) for named in kept):
            self._without_metric(text, shape, kept)
            return False
        announces = is_header(kept)
        if announces:
            self._announced.take(kept)
        else:
            self._announced.take_row()
        kept = self._told_apart(text, kept)
        bar, length = bar_of(text, kept)
        if bar:
            kept = drawn_last(text, kept)
        group = self._add(number, kept, rank_of(text), (bar, length))
        is_plain = text is raw and not self.validation.runs
        if group is not None and not bar and not announces and is_plain:
            samples = self._samples.setdefault(id(group), [])
            if len(samples) < 2 * FEWEST_SAMPLES:
                samples.append(Sample(raw.encode("latin-1"), tuple(kept)))
        return True

    def _without_metric(self, text: str, shape: str, kept: list[Named]) -> None:
        """Note what a line says of those below it."""
        begins = begins_validation(text)
        self.validation.runs = begins or (self.validation.runs and not text.strip())
        kept = with_bare_epoch(text, kept)
        self._announced.take(kept)
        opens_table = not kept and self._table.take_header(text)
        has_step = any(naming.step_rank(named.key) is not None for named in kept)
        if not (begins or opens_table or has_step):
            self._dull.add(shape)

    def _told_apart(self, text: str, kept: list[Named]) -> list[Named]:
        """Name the metrics of a validation or a summary so."""
        is_named = is_validation_line(text, kept)
        if is_named or any(naming.is_validation(named.key) for named in kept):
            self.validation.runs = False
        if is_named:
            return marked(kept, "val")
        if is_of_training(named.key for named in kept):
            self.validation.runs = False
        return marked(kept, "avg") if is_summary_line(text) else kept

    def finish(self) -> list[Group]:
        """Return the groups of all that was read."""
        self.validation.settle()
        return list(self.groups.by_keys.values())

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

    def _add(
        self, number: int, kept: list[Named], rank: int | None, bar: tuple[int, int]
    ) -> Group | None:
        keys: list[str] = []
        for named in kept:
            key = naming.gathered_name(named.key)
            while key in keys:
                key += "'"
            keys.append(key)
        group = self.groups.of(tuple(keys), rank, *bar)
        if group is not None and self.validation.runs:
            group = self.validation.group_for(group)
        if group is not None and self._keeps_rows:
            group.add(number, tuple(named.value for named in kept), self.context)
        return group
