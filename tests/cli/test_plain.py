"""A command line of paths only is run without the parser, to the same end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nandoctor.cli.app import app
from nandoctor.cli.plain import is_plain, run_plain

CURVE = "2.1 2.0 1.9 8734.5 nan\n"
TIMES = "Time"


def without_times(text: str) -> str:
    """Cut the report before the section that differs from run to run."""
    return text.partition(TIMES)[0]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two logs in an empty working directory."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(CURVE)
    monkeypatch.chdir(tmp_path)
    return "a.txt", "b.txt"


@pytest.mark.parametrize("count", [1, 2])
def test_run_plain_logs_ends_as_the_parser_does(
    files: tuple[str, str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same report and the same exit code, for one file and for several."""
    words = ["classify", *files[:count]]
    parsed = CliRunner().invoke(app, words)
    assert is_plain(words)
    assert run_plain(words) == parsed.exit_code == 1
    assert without_times(capsys.readouterr().out) == without_times(parsed.stdout)


def test_main_missing_file_complains_in_two_lines(tmp_path: Path) -> None:
    """Errors end as everywhere: one line of error, one of hint, exit code 2."""
    command = [sys.executable, "-m", "nandoctor", "inspect", "nothing.pt"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize(
    "words",
    [
        ["classify"],
        ["classify", "-"],
        ["classify", "a.txt", "--strict"],
        ["classify", ""],
        ["--debug", "classify", "a.txt"],
        ["diagnose", "a.txt"],
    ],
)
@pytest.mark.usefixtures("files")
def test_is_plain_options_or_other_commands_go_to_the_parser(words: list[str]) -> None:
    """Whatever is not a list of paths is parsed."""
    assert not is_plain(words)


@pytest.mark.parametrize("text", ['[tool.nandoctor]\nformat = "json"\n', "[broken"])
def test_is_plain_with_settings_goes_to_the_parser(files: tuple[str, str], text: str) -> None:
    """Defaults of the project, and a file of them that cannot be read, are the parser's."""
    Path("pyproject.toml").write_text(text)
    assert not is_plain(["classify", files[0]])


def test_is_plain_settings_of_another_command_stays_plain(files: tuple[str, str]) -> None:
    """Only what the command itself would take counts."""
    Path("pyproject.toml").write_text("[tool.nandoctor.inspect]\nall = true\n")
    assert is_plain(["classify", files[0]])
