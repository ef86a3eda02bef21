"""The command line as a whole: overview, exit codes, streams, errors, what is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nandoctor import __version__
from nandoctor.cli import COMMANDS
from nandoctor.cli.app import app, load

NAMES = [entry.name for entry in COMMANDS]
TAKES_A_FILE = [name for name in NAMES if name not in ("explain", "schema")]
TEXTBOOK = "2.1 2.0 1.9 8734.5 nan"


def run(*args, **options):
    """Run the command line in this process."""
    return CliRunner().invoke(app, [str(arg) for arg in args], **options)


def run_python(code, *args, cwd=None, stdin=""):
    """Run Python in a fresh process."""
    command = [sys.executable, *([] if code is None else ["-c", code]), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, input=stdin, timeout=60)


def assert_usage_error(result, *words):
    """Check the two lines on stderr, the empty stdout and the exit code."""
    assert result.exit_code == 2
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ") and hint.startswith("hint: ") and len(hint) > 8
    for word in words:
        assert word in error


def test_help_lists_every_command_with_its_summary():
    """The overview names each command and what it does."""
    result = run("--help")
    assert result.exit_code == 0
    for entry in COMMANDS:
        assert entry.name in result.stdout and entry.summary in result.stdout


@pytest.mark.parametrize("entry", COMMANDS, ids=NAMES)
def test_command_summary_equals_its_own_help(entry):
    """The line in the overview is the first line of the command's own help."""
    assert load(entry.name).help.splitlines()[0] == entry.summary


@pytest.mark.parametrize("name", NAMES)
def test_command_help_exits_zero(name):
    """Each command has a help page on stdout."""
    result = run(name, "--help")
    assert result.exit_code == 0 and f"nandoctor {name}" in result.stdout


def test_no_arguments_shows_help():
    """The bare command shows the overview."""
    result = run()
    assert result.exit_code == 0 and "diagnose" in result.stdout


def test_version_is_the_package_version():
    """``--version`` prints name and version."""
    assert run("--version").stdout == f"nandoctor {__version__}\n"


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["nope"], "nope"),
        (["clasify", "x"], "classify"),
        (["classify"], "LOG"),
        (["classify", "x", "--format", "pdf"], "pdf"),
        (["classify", "x", "--nope"], "--nope"),
        (["inspect", "x", "--grad-norm", "much"], "--grad-norm"),
        (["explain", "ND999"], "ND999"),
        (["classify", "-", "--select", "E501"], "E501"),
    ],
)
def test_usage_error_is_two_lines_and_exit_two(args, word):
    """Wrong usage ends like unreadable input: error, hint, nothing on stdout."""
    assert_usage_error(run(*args, input=TEXTBOOK), word)


@pytest.mark.parametrize("name", TAKES_A_FILE)
def test_command_missing_file_is_named_in_one_error_line(name, tmp_path):
    """A path that does not exist is named."""
    assert_usage_error(
        run(name, *[tmp_path / "nope.pt"] * (2 if name == "compare" else 1)), "nope.pt"
    )


@pytest.mark.parametrize("name", [n for n in TAKES_A_FILE if n not in ("triage", "watch")])
def test_command_empty_or_foreign_file_is_named_in_one_error_line(name, tmp_path):
    """Empty files and files that are something else are refused by name."""
    for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(range(256))):
        path = tmp_path / "picture.png"
        path.write_bytes(content)
        times = 2 if name == "compare" else 1
        assert_usage_error(run(name, *[path] * times), "picture.png")


def test_error_line_with_terminal_codes_in_the_name_is_harmless(tmp_path):
    """An error cannot smuggle terminal codes or further lines onto stderr."""
    result = run("inspect", str(tmp_path / "\x1b[31m\nerror: fake\x07.pt"))
    assert_usage_error(result, "\\x1b[31m")
    assert "\x1b" not in result.stderr


def test_classify_found_exits_one_and_exit_zero_overrides():
    """A crash is exit 1, with ``--exit-zero`` 0; the report stands on stdout alone."""
    result = run("classify", "-", input=TEXTBOOK)
    assert result.exit_code == 1 and "spike" in result.stdout and result.stderr == ""
    assert run("classify", "-", "--exit-zero", input=TEXTBOOK).exit_code == 0


def test_classify_healthy_exits_zero():
    """A falling loss is nothing found."""
    losses = " ".join(f"{2 * 0.99**i:.4f}" for i in range(100))
    assert run("classify", "-", input=losses).exit_code == 0


def test_debug_shows_the_traceback(tmp_path):
    """``--debug`` lets the exception through, before or after the command's name."""
    for args in (["--debug", "inspect"], ["inspect", "--debug"]):
        done = run_python(None, "-m", "nandoctor", *args, tmp_path / "nope.pt")
        assert done.returncode != 0 and "Traceback" in done.stderr


def test_output_file_gets_the_report_and_stdout_nothing(tmp_path):
    """``-o`` takes the format from the suffix."""
    path = tmp_path / "report.json"
    result = run("classify", "-", "-o", path, input=TEXTBOOK)
    assert result.exit_code == 1 and result.stdout == ""
    assert '"schema": "nandoctor.report/1"' in path.read_text()


def test_output_directory_missing_is_an_error(tmp_path):
    """A report that cannot be written is an error with the path."""
    result = run("classify", "-", "-o", tmp_path / "no" / "r.json", input=TEXTBOOK)
    assert_usage_error(result, "r.json")


def test_select_and_ignore_change_what_is_found():
    """Findings that were not asked for neither appear nor count."""
    assert run("classify", "-", "--select", "ND9", input=TEXTBOOK).exit_code == 0
    assert run("classify", "-", "--ignore", "ND", input=TEXTBOOK).exit_code == 0
    assert run("classify", "-", "--select", "nd6", input=TEXTBOOK).exit_code == 1


def test_two_logs_make_one_report_with_two_files(tmp_path):
    """Several inputs are reported one by one under one status."""
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    for path in paths:
        path.write_text(TEXTBOOK.replace(" ", "\n"))
    result = run("classify", *paths, "--format", "json")
    assert result.exit_code == 1 and result.stdout.count('"command": "classify"') == 3


def test_pyproject_gives_defaults_and_options_override_them(tmp_path, monkeypatch):
    """``[tool.nandoctor]`` of the nearest pyproject.toml sets options."""
    config = '[tool.nandoctor]\nexit-zero = true\n[tool.nandoctor.classify]\nformat = "json"\n'
    (tmp_path / "pyproject.toml").write_text(config)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    result = run("classify", "-", input=TEXTBOOK)
    assert result.exit_code == 0 and result.stdout.startswith("{")
    assert not run("classify", "-", "--format", "rich", input=TEXTBOOK).stdout.startswith("{")


@pytest.mark.parametrize(
    "text", ["[tool.nandoctor]\nnope = 1", "[tool", "[tool.nandoctor]\nlang=1"]
)
def test_pyproject_unknown_key_or_bad_toml_is_an_error(text, tmp_path, monkeypatch):
    """A setting that would be ignored in silence is refused."""
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = run("classify", "-", input=TEXTBOOK)
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [("cla", "classify"), ("classify --form", "--format"), ("inspect --format sa", "sarif")],
)
def test_shell_completion_offers_commands_options_and_formats(words, expected, monkeypatch):
    """Completion goes through the lazily imported commands."""
    monkeypatch.setenv("_NANDOCTOR_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"nandoctor {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    done = run_python(None, "-m", "nandoctor")
    assert done.stdout.split() == [expected]


def test_closed_pipe_ends_without_a_traceback():
    """``nandoctor ... | head -1`` is no crash."""
    shell = f'"{sys.executable}" -m nandoctor schema | head -1'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
    assert done.stdout == "{\n" and done.stderr == ""


HEAVY = "[m for m in ('torch', 'pandas', 'numpy', 'rich.console') if m in sys.modules]"


def test_import_nandoctor_is_light():
    """``import nandoctor`` costs neither torch nor pandas nor numpy."""
    done = run_python(f"import sys, nandoctor; print({HEAVY})")
    assert done.stdout == "[]\n"


def imported_by(*args, stdin="", cwd=None):
    """Return which heavy libraries a command imported."""
    code = (
        "import sys\nfrom nandoctor.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as end:\n"
        f"    print(end.code, *{HEAVY}, file=sys.stderr)"
    )
    return run_python(code, *args, stdin=stdin, cwd=cwd).stderr.split()


def test_help_imports_no_numpy():
    """The overview imports none of the stages."""
    code, *heavy = imported_by("--help")
    assert code == "0" and set(heavy) <= {"rich.console"}


def test_classify_imports_no_torch(tmp_path):
    """Reading a log must not cost seconds."""
    code, *heavy = imported_by("classify", "-", stdin=TEXTBOOK, cwd=tmp_path)
    assert code == "1" and "torch" not in heavy


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_inspect_of_common_formats_imports_no_torch(suffix, tmp_path):
    """Reading the two common formats needs numpy only."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    path = Path(tmp_path / f"model.{suffix}")
    state = {"weight": torch.ones(3), "half": torch.ones(2, dtype=torch.bfloat16)}
    torch.save(state, path) if suffix == "pt" else save_file(state, path)
    code, *heavy = imported_by("inspect", path, cwd=tmp_path)
    assert code == "0" and "torch" not in heavy


@pytest.mark.parametrize(
    ("closing", "words"),
    [(">&-", "standard output is closed"), (">/dev/full", "No space left on device")],
)
def test_main_output_that_cannot_be_written_is_two_lines(closing, words):
    """Standard output that is closed or full: exit 2, an error line and a hint line."""
    command = f"{sys.executable} -m nandoctor explain log_of_zero {closing}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    error, hint = done.stderr.splitlines()
    assert done.returncode == 2 and error.startswith("error: ") and words in error
    assert hint.startswith("hint: ")


def test_main_closed_stderr_keeps_the_exit_code():
    """Nobody hears of the error; the code tells it."""
    command = f"{sys.executable} -m nandoctor inspect /absent 2>&-"
    assert subprocess.run(["sh", "-c", command], capture_output=True).returncode == 2


def test_explain_unknown_cause_names_the_nearest():
    """A typing error is answered with the cause that was meant."""
    result = CliRunner().invoke(app, ["explain", "log_of"])
    assert result.exit_code == 2 and "did you mean log_of_zero" in result.stderr


def test_main_chinese_where_the_terminal_takes_ascii_only_is_english():
    """A report of question marks would help nobody."""
    settings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = ["-m", "nandoctor", "classify", "-", "--lang", "zh"]
    done = subprocess.run(
        [sys.executable, *words], input="step,loss\n1,2.0\n2,1.9\n3,nan\n", env=settings,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and "NaN at step 3" in done.stdout


def test_pyproject_all_shows_every_row(tmp_path, monkeypatch):
    """An option whose parameter has another name is found by the name of the option."""
    (tmp_path / "pyproject.toml").write_text("[tool.nandoctor]\nall = true\n")
    monkeypatch.chdir(tmp_path)
    from nandoctor.cli.config import settings_for

    assert settings_for("inspect") == {"inspect": {"show_all": True}}
    assert run("classify", "-", input=TEXTBOOK).exit_code == 1
