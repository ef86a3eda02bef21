"""Validation, summaries and second sets of data are told from training, also in long logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandoctor.errors import NandoctorError
from nandoctor.logs import read_log
from nandoctor.logs.line_kind import begins_validation


def _loss(folder: Path, text: str) -> list[float]:
    path = folder / "train.log"
    path.write_text(text)
    loss = read_log(str(path)).history.loss
    assert loss is not None
    values: list[float] = loss.values[loss.logged].tolist()
    return values


def test_read_log_of_many_unnamed_validations_keeps_the_training_loss(tmp_path: Path) -> None:
    """Lines of one look are a validation's between the line that begins it and the next."""
    lines, expected = [], []
    for epoch in range(60):
        lines.append(f"Epoch {epoch}/60")
        for step in range(20):
            expected.append(round(2 - epoch / 100 - step / 1000, 4))
            lines.append(f"step {step}/20 - loss: {expected[-1]:.4f} - acc: 0.5")
        lines.append("Eval begin...")
        lines += [f"step {step}/5 - loss: 9.{step} - acc: 0.5" for step in range(5)]
        lines.append("Eval samples: 100")
    assert _loss(tmp_path, "\n".join(lines)) == expected


def test_read_log_after_a_short_validation_goes_on_with_training(tmp_path: Path) -> None:
    """A validation that names its loss ends with it."""
    lines, expected = [], []
    for step in range(300):
        expected.append(round(2 - step / 1000, 4))
        lines.append(f"step {step} loss {expected[-1]:.4f}")
        if step % 50 == 0:
            lines += ["Validating...", f"val loss {9 - step / 1000:.4f}"]
    assert _loss(tmp_path, "\n".join(lines)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Validation at epoch 5", True),
        ("[2023-03-10 19:58:38,940] Validation at epoch 5", True),
        ("Eval begin...", True),
        ("Start evaluation", True),
        ("## Start validation", True),
        ("Validation accuracy went up again", False),
        ("Evaluating is switched off", False),
        ("testing whether the GPU is there", False),
    ],
)
def test_begins_validation_of_a_line(text: str, expected: bool) -> None:
    """Only a line that says nothing else begins a validation."""
    assert begins_validation(text) is expected


def test_read_log_of_whole_numbers_under_a_weak_name_finds_no_loss(tmp_path: Path) -> None:
    """Counts called total, train or value are no losses; the same names with fractions are."""
    path = tmp_path / "counts.log"
    path.write_text("".join(f"total: {i}00\n" for i in range(9)))
    with pytest.raises(NandoctorError, match="no loss found"):
        read_log(str(path))
    path.write_text("".join(f"total: {i}.25\n" for i in range(9)))
    assert read_log(str(path)).history.loss is not None


def test_read_log_that_alternates_with_other_steps_keeps_both_kinds_of_lines(
    tmp_path: Path,
) -> None:
    """Two kinds of lines that take turns belong together unless they repeat the step."""
    text = "".join(
        f"step {i} loss 0.{i}5 lr 0.1\n" if i % 2 else f"step {i} loss 0.{i}5 lr 0.1 ppl 1.5\n"
        for i in range(8)
    )
    assert _loss(tmp_path, text) == [float(f"0.{i}5") for i in range(8)]


def test_read_log_strict_names_the_first_line_that_was_not_read(tmp_path: Path) -> None:
    """The hint tells how to go on, and which line it was."""
    path = tmp_path / "train.log"
    path.write_text("step 1 loss: 0.5\nstep 2 loss: ???\nstep 3 loss: 0.4\n")
    assert read_log(str(path)).num_unread == 1
    with pytest.raises(NandoctorError) as caught:
        read_log(str(path), strict=True)
    assert "step 2 loss: ???" in str(caught.value.hint)
