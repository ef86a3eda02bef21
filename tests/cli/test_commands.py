"""The commands beyond the overview: triage, watch, compare, casebook, explain, replay, formats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nandoctor.cli.app import app
from nandoctor.reports import RENDERERS
from nandoctor.rules import RULES

SAMPLES = Path(__file__).resolve().parents[2] / "sample_checkpoints"
CRASHED, HEALTHY = SAMPLES / "learning_rate_too_high", SAMPLES / "healthy"
JOB_LOG = """\
step 1 loss 2.31 lr 0.001
step 2 loss 2.29 lr 0.001
[rank3]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
"""


def run(*args, **options):
    """Run the command line in this process."""
    return CliRunner().invoke(app, [str(arg) for arg in args], **options)


def only(folder, pattern):
    """Return the one file of a folder that matches."""
    (path,) = folder.glob(pattern)
    return path


@pytest.fixture
def jobs(tmp_path):
    """Return a folder with a failed, a crashed and a healthy job log."""
    (tmp_path / "oom.log").write_text(JOB_LOG)
    (tmp_path / "crashed.csv").write_bytes((CRASHED / "metrics.csv").read_bytes())
    (tmp_path / "healthy.csv").write_bytes((HEALTHY / "metrics.csv").read_bytes())
    return tmp_path


def test_triage_directory_tells_failures_from_healthy_logs(jobs):
    """A line a file; the failure class and its line; exit code 1 because two failed."""
    result = run("triage", jobs, "--format", "json")
    files = {Path(f["inputs"][0]).name: f for f in json.loads(result.stdout)["files"]}
    assert result.exit_code == 1
    assert {name: f["status"] for name, f in files.items()} == {
        "oom.log": "found", "crashed.csv": "found", "healthy.csv": "clean",
    }  # fmt: skip
    assert "out_of_memory" in {finding["cause"] for finding in files["oom.log"]["findings"]}


def test_triage_rich_has_the_worst_first_with_the_line(jobs):
    """The terminal names the line on which the failure stands."""
    lines = run("triage", jobs).stdout.splitlines()
    oom = next(line for line in lines if "oom.log" in line)
    assert "line 3" in oom and "✗" in oom
    assert lines.index(oom) < next(i for i, line in enumerate(lines) if "healthy.csv" in line)


def test_triage_github_annotates_the_line(jobs):
    """In a workflow the failure becomes an annotation of the log's line."""
    assert f"file={jobs}/oom.log,line=3" in run("triage", jobs, "--format", "github").stdout


def test_triage_only_healthy_logs_exits_zero(jobs):
    """Nothing failed, nothing found."""
    assert run("triage", jobs / "healthy.csv").exit_code == 0


def test_watch_once_draws_the_curve_and_tells_an_alarm():
    """A look at a crashed run is exit code 1, at a healthy one 0."""
    crashed = run("watch", CRASHED / "metrics.csv", "--once")
    assert crashed.exit_code == 1 and "alarm" in crashed.stdout and "┤" not in crashed.stdout
    assert len(crashed.stdout.splitlines()) > 10
    assert run("watch", HEALTHY / "metrics.csv", "--once").exit_code == 0


def test_watch_once_without_a_row_is_refused(tmp_path):
    """One look at an empty file or a picture ends at once, with the reason."""
    for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(range(256))):
        log = tmp_path / "log"
        log.write_bytes(content)
        result = run("watch", log, "--once")
        assert result.exit_code == 2 and "error:" in result.stderr and result.stdout == ""


def test_watch_growing_log_runs_the_command_and_ends_at_the_alarm(tmp_path):
    """Rows that arrive while watching are seen; the alarm runs the command and ends the watch."""
    rows = (CRASHED / "metrics.csv").read_text().splitlines(keepends=True)
    log, mark = tmp_path / "metrics.csv", tmp_path / "alarmed"
    log.write_text("".join(rows[:200]))
    command = [sys.executable, "-m", "nandoctor", "watch", log, "--interval", "0.05"]
    command += ["--exit-on-alarm", "--on-alarm", f"touch {mark}"]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert "step 198" in watcher.stdout.readline()
    with log.open("a") as file:
        file.write("".join(rows[200:]))
    output, _ = watcher.communicate(timeout=60)
    assert watcher.returncode == 1 and "alarm" in output and mark.exists()


def test_compare_ends_with_zero_and_names_what_turned_bad():
    """A comparison judges nothing: exit code 0 also where B is full of NaN."""
    a, b = only(CRASHED, "last_good*"), only(CRASHED, "debug_checkpoint*")
    result = run("compare", a, b, "--format", "json")
    kinds = {change["kind"] for change in json.loads(result.stdout)["changes"]}
    assert result.exit_code == 0 and "new_nonfinite" in kinds


def test_inspect_of_a_series_tells_when_each_tensor_turned_bad():
    """Several checkpoints are put in the order of their steps."""
    paths = [only(CRASHED, "debug_checkpoint*"), only(CRASHED, "last_good*")]
    report = json.loads(run("inspect", *paths, "--format", "json").stdout)
    assert [f["checkpoints"][0]["training"]["step"] for f in report["files"]] == [300, 312]
    assert report["series"][0]["first_bad_step"] == 312


def test_casebook_add_search_stats_export_import(tmp_path, own_casebook, monkeypatch):
    """A report goes in, is found by its cause, counted, and carried to another casebook."""
    path = tmp_path / "report.json"
    run("classify", CRASHED / "metrics.csv", "-o", path)
    assert "1 new of 1" in run("casebook", "add", path, "--note", "halved the lr").stdout
    assert "halved the lr" in run("casebook", "search", "--cause", "learning_rate").stdout
    assert run("casebook", "search", "--cause", "fp16").stdout == ""
    assert "learning_rate_too_high" in run("casebook", "stats", "--by", "pattern").stdout
    lines = tmp_path / "cases.jsonl"
    lines.write_text(run("casebook", "export").stdout)
    monkeypatch.setenv("NANDOCTOR_CASEBOOK", str(tmp_path / "other.db"))
    assert run("casebook", "import", lines).stdout == "1 new\n"


@pytest.mark.parametrize(
    "args", [["stats", "--by", "weather"], ["import", "nope.jsonl"], ["add", "nope.json"]]
)
def test_casebook_wrong_use_is_two_lines(args):
    """Casebook errors look like all others."""
    result = run("casebook", *args)
    assert result.exit_code == 2 and result.stdout == "" and len(result.stderr.splitlines()) == 2


def test_explain_by_code_and_by_cause_is_the_same_page():
    """Code and cause lead to the rule's own page, in any case."""
    rule = RULES[0]
    pages = [run("explain", name).stdout for name in (rule.code, rule.code.lower(), rule.cause)]
    assert len(set(pages)) == 1 and rule.doc.strip() in pages[0]


def test_explain_without_a_name_lists_every_rule():
    """The list has a line a rule."""
    lines = run("explain").stdout.splitlines()
    assert len(lines) == len(RULES)


def test_replay_template_is_a_python_file():
    """The starter file compiles and defines build_model."""
    result = run("replay", "--template")
    compile(result.stdout, "replay.py", "exec")
    assert result.exit_code == 0 and "def build_model" in result.stdout


def test_replay_without_a_model_is_an_error(tmp_path):
    """A checkpoint alone cannot be replayed; the hint says what is missing."""
    path = tmp_path / "debug_checkpoint.pt"
    path.write_bytes(only(CRASHED, "debug_checkpoint*").read_bytes())
    result = run("replay", path)
    assert result.exit_code == 2 and "--model" in result.stderr.splitlines()[1]


@pytest.mark.parametrize("code", ["def make(): ...", "import nowhere_at_all", "build_model = 3"])
def test_replay_bad_model_file_is_named_in_one_error_line(code, tmp_path):
    """A model file without build_model, or that fails, is an error line and no traceback."""
    model = tmp_path / "broken_model.py"
    model.write_text(code)
    result = run("replay", only(CRASHED, "debug_checkpoint*"), "--model", model)
    assert result.exit_code == 2 and result.stdout == ""
    assert "broken_model.py" in result.stderr.splitlines()[0]
    assert len(result.stderr.splitlines()) == 2


def test_replay_of_a_hugging_face_directory_asks_for_no_model(tmp_path):
    """config.json is the model; what is wrong with this one is said of it."""
    (tmp_path / "config.json").write_text('{"model_type": "foreign"}')
    path = tmp_path / "model.pt"
    path.write_bytes(only(CRASHED, "debug_checkpoint*").read_bytes())
    for checkpoint in (tmp_path, path):
        assert "no model to replay" not in run("replay", checkpoint).stderr


def test_replay_runs_the_step_of_a_run_directory():
    """The origin stands in the report."""
    report = json.loads(run("replay", SAMPLES / "corrupt_sample", "--format", "json").stdout)
    assert report["origin"]["phase"] == "batch" and report["origin"]["samples"] == [1]


def test_diagnose_no_code_executes_nothing_and_says_so(tmp_path):
    """With ``--no-code`` a replay.py that leaves a mark leaves none."""
    for path in CRASHED.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    mark = tmp_path / "executed"
    (tmp_path / "replay.py").write_text(f"open({str(mark)!r}, 'w')")
    result = run("diagnose", tmp_path, "--no-code")
    assert result.exit_code == 1 and not mark.exists() and "--no-code" in result.stdout


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_renders_a_real_run(name):
    """Every renderer takes what the pipeline gives, in English and in Chinese."""
    for lang in ("en", "zh"):
        args = ["inspect", only(CRASHED, "debug_checkpoint*"), "--format", name, "--lang", lang]
        result = run(*args, "--redact")
        assert result.exit_code == 1 and result.stdout and result.stderr == ""


def test_output_suffix_picks_the_format(tmp_path):
    """``-o report.html`` needs no ``--format``."""
    for suffix, start in ((".html", "<!doctype html>"), (".md", "## "), (".sarif", "{")):
        path = tmp_path / f"report{suffix}"
        run("classify", CRASHED / "metrics.csv", "-o", path)
        assert path.read_text(encoding="utf-8").startswith(start)
