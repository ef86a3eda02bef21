"""The casebook: what it keeps, finds, counts and exchanges."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from nandoctor.casebook import Casebook, case_of, likeness
from nandoctor.errors import NandoctorError


def report(cause: str = "log_of_zero", module: str = "layers.3.head", **more: object) -> dict:
    """Return a report in the JSON contract's shape."""
    return {
        "inputs": [f"run_{cause}_{module}"],
        "diagnosis": {"cause": cause, "grade": "verified", "mechanism": None, "component": "loss"},
        "origin": {"phase": "forward", "module": module, "op": "log"},
        "pattern": {"pattern": "spike", "outcome": "nan"},
        "checkpoints": [{"training": {"precision": "fp32"}, "modules": ["vision_tower", "head"]}],
        "trials": [
            {"intervention": "eps", "outcome": "fixed"},
            {"intervention": "nan_to_num", "outcome": "fixed", "hides": True},
            {"intervention": "fp32", "outcome": "not_fixed"},
        ],
        **more,
    }


@pytest.fixture
def book(tmp_path: Path) -> Casebook:
    """Return an empty casebook."""
    return Casebook(tmp_path / "data" / "casebook.db")


def test_case_of_a_report_keeps_the_cure_and_not_the_cover_up() -> None:
    """A hiding intervention is no cure."""
    case = case_of(report())
    assert case.fixed_by == ("eps",)
    assert (case.layer, case.architecture) == ("layers.head", "vision_tower+head")


def test_add_the_same_report_twice_counts_once(book: Casebook) -> None:
    """The key is the content of the diagnosis."""
    assert book.add([case_of(report())]) == 1
    assert book.add([case_of(report())]) == 0
    assert len(book.cases()) == 1


def test_search_by_module_and_cause_finds_only_those(book: Casebook) -> None:
    """All filters must match."""
    book.add([case_of(report()), case_of(report("bad_input", "vision_tower"))])
    assert [c.cause for c in book.search(module="vision")] == ["bad_input"]
    assert book.search(module="vision", cause="log_of_zero") == []


def test_most_like_a_crash_of_another_layer_ranks_above_another_cause(book: Casebook) -> None:
    """The layer number does not matter, the cause does; the case itself is left out."""
    mine = case_of(report(module="layers.7.head"))
    same, other = case_of(report()), case_of(report("bad_input", "vision_tower"))
    book.add([mine, same, other])
    ranked = book.most_like(mine, least=0.0)
    assert [case.key for _, case in ranked] == [same.key, other.key]
    assert ranked[0][0] == pytest.approx(1.0) and ranked[1][0] < 0.7


def test_likeness_of_crashes_that_share_no_known_field_is_zero() -> None:
    """Two empty cases are not alike."""
    assert likeness(case_of({}), case_of({})) == 0.0


def test_stats_by_precision_counts_causes(book: Casebook) -> None:
    """One row a value and cause."""
    book.add([case_of(report()), case_of(report(module="a")), case_of(report("bad_input"))])
    assert book.stats("precision")[0] == ("fp32", "log_of_zero", 2)


def test_export_and_load_round_trip_gives_the_same_cases(book: Casebook, tmp_path: Path) -> None:
    """JSON lines carry everything."""
    book.add([case_of(report(), note="3 a.m.")])
    other = Casebook(tmp_path / "other.db")
    assert other.load(book.export(), "x.jsonl") == 1
    assert other.cases() == book.cases()


def test_load_of_a_foreign_line_adds_nothing_and_names_the_line(book: Casebook) -> None:
    """All or none."""
    good = '{"key": "a"}'
    with pytest.raises(NandoctorError, match="line 2"):
        book.load([good, '["no"]'], "x.jsonl")
    assert book.cases() == []


def test_foreign_file_as_casebook_is_one_clear_error(tmp_path: Path) -> None:
    """A file that is no database is not overwritten."""
    path = tmp_path / "casebook.db"
    path.write_text("not a database, but longer than a header would be" * 10)
    with pytest.raises(NandoctorError, match=r"casebook\.db"):
        Casebook(path).cases()
    assert path.read_text().startswith("not a database")


def _add_many(path: Path, worker: int) -> None:
    for number in range(10):
        Casebook(path).add([case_of(report(module=f"w{worker}.n{number}x"))])


def test_four_writers_at_once_lose_nothing(book: Casebook) -> None:
    """WAL and a busy timeout: every case arrives."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add_many, args=(book.path, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(book.cases()) == 40
    mode = sqlite3.connect(book.path).execute("PRAGMA journal_mode").fetchone()[0]
    assert mode == "wal"


def test_cases_of_a_casebook_with_damaged_rows_are_the_whole_ones(book: Casebook) -> None:
    """A row that is no JSON, lacks its key or is of a later version loses no other."""
    book.add([case_of(report())])
    later = '{"key": "b", "cause": "bad_input", "severity_in_2030": 7}'
    with sqlite3.connect(book.path) as database:
        for key, row in (("a", "not json"), ("b", later), ("c", "{}"), ("d", '{"key": 7}')):
            database.execute("INSERT INTO cases VALUES (?, ?)", (key, row))
    assert [case.cause for case in book.cases()] == ["log_of_zero", "bad_input"]


@pytest.mark.parametrize("content", [b"garbage", b"SQLite format 3\x00" + bytes(4080)])
def test_casebook_that_is_none_is_refused_in_one_sentence(book: Casebook, content: bytes) -> None:
    """Another file, or the first page of one that was cut."""
    book.path.parent.mkdir(parents=True)
    book.path.write_bytes(content)
    for use in (book.cases, lambda: book.add([case_of(report())])):
        with pytest.raises(NandoctorError, match="no casebook that can be used") as refused:
            use()
        assert "NANDOCTOR_CASEBOOK" in str(refused.value.hint)


def test_cases_of_another_schema_are_refused(book: Casebook) -> None:
    """A table of the same name with other columns."""
    book.path.parent.mkdir(parents=True)
    with sqlite3.connect(book.path) as database:
        database.execute("CREATE TABLE cases (id INTEGER, text TEXT)")
    with pytest.raises(NandoctorError, match="no such column"):
        book.cases()
