"""The casebook on disk: SQLite in the user's data directory, safe for several writers at once."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import platformdirs

from nandoctor.casebook.case import Case, from_row, likeness, to_row
from nandoctor.errors import NandoctorError

FILTERS = ("cause", "module", "op", "architecture")
_WAIT_SECONDS = 30.0


def default_path() -> Path:
    """Return the casebook of this user, or the one that ``NANDOCTOR_CASEBOOK`` names."""
    named = os.environ.get("NANDOCTOR_CASEBOOK")
    return Path(named) if named else Path(platformdirs.user_data_dir("nandoctor")) / "casebook.db"


class Casebook:
    """Past crashes: add, search, count, exchange as JSON lines.

    Args:
        path: The database; created with its directory on the first write.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute(
                    "CREATE TABLE IF NOT EXISTS cases (key TEXT PRIMARY KEY, row TEXT)"
                )
                with database:
                    yield database
        except (sqlite3.DatabaseError, OSError) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> NandoctorError:
        hint = "move it away or set NANDOCTOR_CASEBOOK to another file"
        return NandoctorError(f"{self.path}: no casebook that can be used: {error}", hint=hint)

    def _rows(self) -> list[str]:
        """Read all rows, from a file or directory that cannot be written, too."""
        file = quote(str(self.path.absolute()))
        for how in ("mode=ro", "immutable=1"):
            try:
                place = f"file:{file}?{how}"
                with closing(sqlite3.connect(place, uri=True, timeout=_WAIT_SECONDS)) as database:
                    found = database.execute("SELECT row FROM cases ORDER BY rowid").fetchall()
                return [row for (row,) in found]
            except sqlite3.OperationalError as error:
                if how == "immutable=1" or "no such" in str(error):
                    raise self._refusal(error) from error
            except sqlite3.DatabaseError as error:
                raise self._refusal(error) from error
        return []

    def add(self, cases: Iterable[Case]) -> int:
        """Add cases; one that is there already is replaced. Returns how many are new."""
        rows = [(case.key, json.dumps(to_row(case))) for case in cases]
        with self._open() as database:
            before = database.execute("SELECT COUNT(*) FROM cases").fetchone()[0]
            database.executemany("INSERT OR REPLACE INTO cases VALUES (?, ?)", rows)
            after = database.execute("SELECT COUNT(*) FROM cases").fetchone()[0]
        return int(after) - int(before)

    def cases(self) -> list[Case]:
        """Return all cases, oldest first; none where there is no casebook yet.

        A row that is damaged or of another version is passed over.
        """
        found = []
        for row in self._rows() if self.path.exists() else ():
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                found.append(from_row(json.loads(row)))
        return found

    def search(self, **wanted: str) -> list[Case]:
        """Return the cases in which each of ``FILTERS`` that is given occurs as a substring."""
        return [
            case
            for case in self.cases()
            if all(text in getattr(case, name) for name, text in wanted.items() if text)
        ]

    def most_like(
        self, case: Case, *, limit: int = 5, least: float = 0.5
    ) -> list[tuple[float, Case]]:
        """Return the most similar past crashes, best first, never the case itself."""
        scored = [(likeness(case, other), other) for other in self.cases() if other.key != case.key]
        close = [pair for pair in scored if pair[0] >= least]
        return sorted(close, key=lambda pair: pair[0], reverse=True)[:limit]

    def stats(self, by: str) -> list[tuple[str, str, int]]:
        """Count cases as (value of ``by``, cause, number), the most frequent first."""
        counts = Counter(
            (getattr(case, by) or "unknown", case.cause or "unknown") for case in self.cases()
        )
        return [(value, cause, number) for (value, cause), number in counts.most_common()]

    def export(self) -> Iterator[str]:
        """Yield the cases as JSON lines."""
        for case in self.cases():
            yield json.dumps(to_row(case), sort_keys=True)

    def load(self, lines: Iterable[str], source: str) -> int:
        """Add the cases of JSON lines; all or none.

        Raises:
            NandoctorError: A line is no case; the message tells which.
        """
        cases = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                cases.append(from_row(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise NandoctorError(
                    f"{source}: line {number} is no case",
                    hint="nandoctor casebook export writes them",
                ) from error
        return self.add(cases)
