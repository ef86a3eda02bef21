"""Raw job logs: the failure's class, its line, the rank that spoke first; and silence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nandoctor.errors import UnreadableInputError
from nandoctor.pipeline import triage

_HEAD = re.compile(r"^=== (\S+)(?: (\S+))?(?: rank (\d+))?\n", re.MULTILINE)
_PARTS = _HEAD.split((Path(__file__).parent / "job_logs.txt").read_text(encoding="utf-8"))[1:]
CASES = list(zip(_PARTS[::4], _PARTS[1::4], _PARTS[2::4], _PARTS[3::4], strict=True))
"""Name, cause, rank and text, in which § marks the line of the failure."""
FAILED = [case for case in CASES if case[1]]
HEALTHY = [case for case in CASES if not case[1]]


@pytest.mark.parametrize(("name", "cause", "rank", "text"), FAILED, ids=[c[0] for c in FAILED])
def test_triage_of_a_failed_job_names_class_line_and_rank(
    name: str, cause: str, rank: str | None, text: str, tmp_path: Path
) -> None:
    """How schedulers, drivers, frameworks and CI systems word it."""
    path = tmp_path / f"{name}.log"
    path.write_text(text.replace("§", ""), encoding="utf-8")
    line = next(n for n, part in enumerate(text.split("\n"), 1) if part.startswith("§"))
    report = triage([path]).files[0]
    assert report.status == "found"
    found = {finding.cause: finding for finding in report.findings}
    assert found[cause].where == f"{path}:{line}"
    assert rank is None or f"rank {rank}" in found[cause].message


@pytest.mark.parametrize(("name", "text"), [(c[0], c[3]) for c in HEALTHY])
def test_triage_of_a_healthy_job_finds_nothing(name: str, text: str, tmp_path: Path) -> None:
    """Tests, settings, counters, help texts and handled errors that hold the same words."""
    path = tmp_path / f"{name}.log"
    path.write_text(text, encoding="utf-8")
    report = triage([path]).files[0]
    assert report.status == "clean", report.findings


def test_triage_of_a_directory_takes_job_logs_without_metrics(tmp_path: Path) -> None:
    """Named like a job log, or a text that tells a failure; other files and empty ones are left."""
    (tmp_path / "lint.log").write_text("All checks passed!\n")
    (tmp_path / "0_build.txt").write_text("step 1\nbash: line 7: 30122 Killed  python3 train.py\n")
    (tmp_path / "requirements.txt").write_text("torch==2.5\nnumpy\n")
    (tmp_path / "empty.log").write_text("")
    (tmp_path / "core.log").write_bytes(b"\x7fELF\0\0\0" * 40)
    report = triage([tmp_path])
    statuses = {Path(file.inputs[0]).name: file.status for file in report.files}
    assert statuses == {"0_build.txt": "found", "lint.log": "clean"}


def test_triage_of_a_traceback_that_training_outlives_finds_nothing(tmp_path: Path) -> None:
    """Three rows below it show that it was handled; one that ends the log was not."""
    rows = "".join(f"step {step} loss {2 - step / 10}\n" for step in range(9))
    raised = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: 1\n'
    path = tmp_path / "job.log"
    path.write_text(raised + rows)
    assert triage([path]).files[0].status == "clean"
    path.write_text(rows + raised)
    assert [f.cause for f in triage([path]).files[0].findings] == ["python_traceback"]
    path.write_text(raised + rows + "slurmstepd: error: *** JOB 1 ON n CANCELLED AT 1 ***\n")
    assert {f.cause for f in triage([path]).files[0].findings} == {"python_traceback", "killed"}


def test_triage_of_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A wrong path is no healthy job."""
    with pytest.raises(UnreadableInputError, match="no such file"):
        triage([tmp_path / "nowhere.log"])
