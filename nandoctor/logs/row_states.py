"""What the lines of a block leave to those below them: the announced step, and whether a
validation runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs import naming
from nandoctor.logs.template import Match
from nandoctor.logs.text_reader import TextReader


class RowStates:
    """The states of a block's rows, noted while its lines are read one by one.

    Args:
        reader: Reads the lines that no template reads.
        matches: What the templates read; a row that names a validation ends one without a name.
    """

    def __init__(self, reader: TextReader, matches: list[Match]) -> None:
        self._reader = reader
        named = [
            rows
            for template, rows, _ in matches
            if any(naming.is_validation(key) for key in template.group.keys)
        ]
        self._ends = np.sort(np.concatenate(named)) if named else np.zeros(0, np.intp)
        self._states = [(-1, reader.context, reader.validation.runs)]

    def before(self, row: int) -> None:
        """Note what the templates' rows above a row end."""
        if self._reader.validation.runs:
            place = int(np.searchsorted(self._ends, self._states[-1][0], side="right"))
            if place < len(self._ends) and self._ends[place] < row:
                self._reader.validation.runs = False
                self.after(int(self._ends[place]))

    def after(self, row: int) -> None:
        """Note what a row left."""
        state = (self._reader.context, self._reader.validation.runs)
        if state != self._states[-1][1:]:
            self._states.append((row, *state))

    def of(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the step that is announced to each row, and whether a validation runs there."""
        places, contexts, validating = map(np.array, zip(*self._states, strict=True))
        state = np.searchsorted(places, rows) - 1
        return contexts[state], validating[state]
