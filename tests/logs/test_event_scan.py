"""The quick scan of a log finds the events that a look at every line finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.evidence import LogEvent
from nandoctor.logs import read_events, read_log
from nandoctor.logs.events import EventScanner

STYLES = {
    "nanogpt": "iter {step}: loss {loss}, time 51.20ms, mfu 3.10%",
    "hf": "{{'loss': {loss}, 'grad_norm': {norm}, 'learning_rate': 1e-05, 'epoch': {step}}}",
    "megatron": " iteration {step:8d}/ 5000 | lm loss: {loss} | loss scale: 1.0 | grad norm: {norm}"
    " | number of skipped iterations:   0 | number of nan iterations:   0 |",
    "ranks": "[rank1]: step {step} loss {loss} grad_norm {norm}",
}
MESSAGES = st.sampled_from(
    ["RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
     "slurmstepd: error: *** JOB 1 CANCELLED AT 2025-01-01 DUE TO TIME LIMIT ***",
     "RuntimeError: Function 'LogBackward0' returned nan values in its 0th output.",
     "INFO worker 3 loaded shard 17 of 40", "Saved checkpoint to out/step_100",
     "Traceback (most recent call last):", '  File "train.py", line 3, in step',
     "ValueError: boom", "no NaN found in gradients", "OSError: [Errno 28] No space left on device"]
)  # fmt: skip


def naive(text: str) -> list[LogEvent]:
    """Look at every line."""
    scanner = EventScanner()
    for number, line in enumerate(text.split("\n"), 1):
        for part in line.split("\r"):
            if part:
                scanner.take(number, part)
    return scanner.finish()


@st.composite
def logs(draw: st.DrawFn) -> str:
    """Many lines of one style, some not finite, messages between them or glued to them."""
    style = STYLES[draw(st.sampled_from(sorted(STYLES)))]
    count = draw(st.integers(20, 300))
    odd = draw(st.dictionaries(st.integers(0, count), st.sampled_from(["nan", "inf", "NaN"])))
    said = draw(st.dictionaries(st.integers(0, count), st.tuples(MESSAGES, st.booleans())))
    lines: list[str] = []
    for step in range(count):
        loss = odd.get(step, f"{2 + step % 7 / 10:.4f}")
        lines.append(style.format(step=step, loss=loss, norm=odd.get(step + 1, "1.25")))
        if step in said:
            message, is_glued = said[step]
            lines[-1:] = [lines[-1] + message] if is_glued else [lines[-1], message]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


@settings(max_examples=30, deadline=None)
@given(text=logs())
def test_scan_of_templated_lines_finds_what_each_line_tells(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Lines read by template, glued messages and tracebacks: the same events, in line order."""
    path = tmp_path_factory.mktemp("scan") / "job.log"
    path.write_text(text)
    found, expected = read_events(str(path)), naive(text)
    assert [(e.kind, e.line, e.text) for e in found] == [(e.kind, e.line, e.text) for e in expected]


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("row", [60, 2999, 5000])
def test_read_events_of_a_message_glued_to_a_metric_line_finds_it(
    style: str, row: int, tmp_path: Path
) -> None:
    """A message that another process prints behind a metric is no part of the metric's line."""
    lines = [STYLES[style].format(step=s, loss="2.5", norm="1.0") for s in range(row + 50)]
    lines[row] += "RuntimeError: CUDA error: an illegal memory access was encountered"
    path = tmp_path / "job.log"
    path.write_text("\n".join(lines) + "\n")
    assert [(e.kind, e.line) for e in read_events(str(path))] == [("illegal_access", row + 1)]
    assert [(e.kind, e.line) for e in read_log(str(path)).events] == [("illegal_access", row + 1)]


def test_read_events_of_a_glued_line_keeps_its_row(tmp_path: Path) -> None:
    """The metric before the message is still read."""
    lines = [STYLES["nanogpt"].format(step=s, loss="2.5", norm="") for s in range(200)]
    lines[150] += "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"
    path = tmp_path / "job.log"
    path.write_text("\n".join(lines) + "\n")
    assert read_log(str(path)).history.step.tolist() == list(range(200))


def test_read_events_of_a_loss_that_stays_nan_finds_a_later_kind(tmp_path: Path) -> None:
    """Thousands of lines with grad_norm inf do not hide the first loss that is NaN."""
    lines = [STYLES["hf"].format(step=s, loss="2.5", norm="inf") for s in range(3000)]
    lines += [STYLES["hf"].format(step=s, loss="nan", norm="inf") for s in range(3000, 6000)]
    path = tmp_path / "job.log"
    path.write_text("\n".join(lines) + "\n")
    first = {kind: min(e.line for e in read_events(str(path)) if e.kind == kind)
             for kind in ("nonfinite_grad", "nonfinite_loss")}  # fmt: skip
    assert first == {"nonfinite_grad": 1, "nonfinite_loss": 3001}


def test_read_events_of_prose_without_failures_finds_nothing(tmp_path: Path) -> None:
    """Look-alike: words such as INFO, inference, nanoseconds and finance tell nothing."""
    words = "INFO inference of tenant 3 took 120 nanoseconds; finance infrastructure informed"
    path = tmp_path / "job.log"
    path.write_text("\n".join(f"{re.sub('3', str(n), words)}" for n in range(500)))
    assert read_events(str(path)) == ()
