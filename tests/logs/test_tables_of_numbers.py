"""CSV, JSON, bare numbers and the like: what cells mean, what is counted, what is named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nandoctor.evidence import LogFacts
from nandoctor.logs import read_events, read_log


def _read(tmp_path: Path, text: str, name: str = "metrics.csv", **options: str) -> LogFacts:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_log(str(path), **options)  # type: ignore[arg-type]


def _loss(log: LogFacts) -> list[float]:
    assert log.history.loss is not None
    return log.history.loss.values[log.history.loss.logged].tolist()


def test_csv_with_an_empty_cell_beside_metrics_is_not_logged(tmp_path: Path) -> None:
    """An evaluation row that holds another metric does not hold a NaN loss."""
    log = _read(tmp_path, "step,loss,val_loss\n0,2.5,\n10,2.4,\n10,,2.6\n20,2.3,\n")
    assert _loss(log) == [2.5, 2.4, 2.3]
    val = log.history.columns["val_loss"]
    assert val.values[val.logged].tolist() == [2.6]


def test_csv_with_a_row_that_is_empty_in_every_metric_is_nan(tmp_path: Path) -> None:
    """pandas writes NaN as an empty cell: a row with a step only is a NaN loss."""
    log = _read(
        tmp_path, "step,loss,grad_norm,lr\n0,2.5,1.0,0.1\n1,9e9,2e9,0.1\n2,,,0.1\n3,,inf,0.1\n"
    )
    assert _loss(log)[:2] == [2.5, 9e9]
    assert all(math.isnan(value) for value in _loss(log)[2:])
    assert len(_loss(log)) == 4


def test_csv_with_the_lr_on_rows_of_its_own_holds_no_nan(tmp_path: Path) -> None:
    """Lightning's LearningRateMonitor writes rows without a loss; they are no NaN."""
    log = _read(
        tmp_path, "epoch,lr-AdamW,step,train_loss\n,0.1,0,\n0,,9,2.5\n,0.1,10,\n0,,19,2.4\n"
    )
    assert _loss(log) == [2.5, 2.4]
    assert log.history.step[log.history.loss.logged].tolist() == [9, 19]  # type: ignore[union-attr]


def test_csv_of_a_scaler_run_names_the_loss_scale(tmp_path: Path) -> None:
    """The columns step, loss, grad_norm, lr, scale get their canonical names."""
    log = _read(
        tmp_path, "step,loss,grad_norm,lr,scale\n0,2.5,1.0,0.1,65536.0\n1,nan,inf,0.1,32768.0\n"
    )
    assert list(log.history.columns) == ["loss", "grad_norm", "lr", "loss_scale"]
    assert log.history.loss_scale is not None
    assert log.history.loss_scale.values.tolist() == [65536.0, 32768.0]
    assert log.format == "csv"


@pytest.mark.parametrize(
    "spelling", ["nan", "NaN", "NAN", "-nan", "'nan'", "nan**", "null", "-nan(ind)", "1.#QNAN"]
)
def test_csv_with_any_spelling_of_nan_reads_nan(spelling: str, tmp_path: Path) -> None:
    """Every spelling met in the wild is a NaN that was logged, not a missing cell."""
    log = _read(tmp_path, f"step,loss\n0,2.5\n1,{spelling}\n")
    assert len(_loss(log)) == 2
    assert math.isnan(_loss(log)[1])


@pytest.mark.parametrize(
    ("spelling", "value"),
    [("inf", math.inf), ("Infinity", math.inf), ("-Infinity", -math.inf), ("1.#INF", math.inf),
     ("342823469128736498123649812364981236.000000", 3.4282346912873650e35)],
)  # fmt: skip
def test_csv_with_infinities_and_long_numbers_reads_them(
    spelling: str, value: float, tmp_path: Path
) -> None:
    """Infinities and %f numbers of 36 digits are read as what they are."""
    assert _loss(_read(tmp_path, f"step,loss\n0,2.5\n1,{spelling}\n"))[1] == value


def test_csv_with_a_second_header_is_two_runs(tmp_path: Path) -> None:
    """Two runs appended to one file are two segments, and the header is no unread row."""
    log = _read(tmp_path, "step,loss\n0,2.5\n1,2.4\n2,2.3\nstep,loss\n0,2.6\n1,2.5\n")
    assert log.history.segment.tolist() == [0, 0, 0, 1, 1]
    assert log.num_unread == 0
    assert log.history.line.tolist() == [2, 3, 4, 6, 7]


def test_csv_with_rows_that_do_not_parse_counts_and_shows_them(tmp_path: Path) -> None:
    """Broken rows are counted with an example, and strict refuses the file."""
    text = "step,loss,lr\n0,2.5,0.1\n1,oops,0.1\n2,2.4,0.1,9,9\n3,2.3,0.1\n"
    log = _read(tmp_path, text)
    assert _loss(log) == [2.5, 2.3]
    assert log.num_unread >= 1
    assert "oops" in log.unread_examples[0]


def test_json_lines_with_a_broken_line_counts_it(tmp_path: Path) -> None:
    """A line that is cut off is counted, the others are read."""
    log = _read(tmp_path, '{"step": 1, "loss": 2.5}\n{"step": 2, "lo\n{"step": 3, "loss": NaN}\n')
    assert log.format == "jsonl"
    assert log.num_unread == 1
    assert log.history.step.tolist() == [1, 3]


def test_trainer_state_is_read_without_its_evaluation_rows(tmp_path: Path) -> None:
    """Hugging Face's log_history: training rows, bare NaN, evaluation beside, no line numbers."""
    state = {
        "global_step": 20,
        "log_history": [
            {"epoch": 0.1, "grad_norm": 1.5, "learning_rate": 1e-4, "loss": 2.5, "step": 10},
            {"epoch": 0.1, "eval_loss": 2.6, "step": 10},
            {"epoch": 0.2, "grad_norm": math.nan, "learning_rate": 1e-4, "loss": 0.0, "step": 20},
            {"epoch": 0.2, "train_loss": 1.2, "train_runtime": 3.0, "step": 20},
        ],
    }
    log = _read(tmp_path, json.dumps(state, indent=2), "trainer_state.json")
    assert log.format == "hf_trainer_state"
    assert _loss(log) == [2.5, 0.0]
    assert not log.history.line.any()
    assert [event.kind for event in read_events(str(tmp_path / "trainer_state.json"))] == [
        "hidden_nan"
    ]


def test_trainer_state_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """The whole records of a truncated document are kept, the damage is counted."""
    text = '{"log_history": [{"loss": 2.5, "step": 1}, {"loss": 2.4, "step": 2}, {"loss": 2'
    log = _read(tmp_path, text, "trainer_state.json")
    assert _loss(log) == [2.5, 2.4]
    assert log.num_unread == 1


def test_bare_numbers_beginning_with_the_step_are_a_table(tmp_path: Path) -> None:
    """``(0, 91.7)`` and ``12250,0.74,0.73`` are steps and losses."""
    assert _read(tmp_path, "(0, 91.5)\n(1, 76.5)\n(300, 2e-12)\n").history.step.tolist() == [
        0,
        1,
        300,
    ]
    log = _read(tmp_path, "12250,0.74,0.73\n12251,0.75,0.73\n12252,nan,0.73\n")
    assert _loss(log)[:2] == [0.74, 0.75]
    assert log.history.step.tolist() == [12250, 12251, 12252]


def test_overrides_choose_other_metrics(tmp_path: Path) -> None:
    """--loss, --grad-norm and --step name columns; a wrong name lists what there is."""
    text = "it,epoch,loss,aux_loss,gn\n7,1,2.5,0.5,1.0\n8,2,2.4,0.4,2.0\n"
    log = _read(tmp_path, text, loss="aux_loss", grad_norm="gn", step="epoch")
    assert _loss(log) == [0.5, 0.4]
    assert log.history.step.tolist() == [1, 2]
    assert log.history.grad_norm is not None
    assert log.history.grad_norm.values.tolist() == [1.0, 2.0]
    with pytest.raises(Exception, match="no such metric") as caught:
        _read(tmp_path, text, loss="perplexity")
    assert "aux_loss" in str(getattr(caught.value, "hint", ""))


def test_history_of_a_csv_becomes_a_data_frame(tmp_path: Path) -> None:
    """to_frame has the steps as index and tells not logged from NaN."""
    frame = _read(tmp_path, "step,loss,val_loss\n0,2.5,\n5,nan,2.6\n").history.to_frame()
    assert frame.index.tolist() == [0, 5]
    assert frame["line"].tolist() == [2, 3]
    assert np.isnan(frame["loss"].to_numpy(dtype=float, na_value=-1.0)[1])
    assert frame["val_loss"].isna().tolist()[0]


def test_read_log_of_columns_without_names_skips_their_numbers(tmp_path: Path) -> None:
    """A series that pandas wrote begins with the number of its column, which is no loss."""
    for text in ("0\n1.5\n1.3\n1.2\n", ",0\n0,1.5\n1,1.3\n2,1.2\n"):
        path = tmp_path / "loss.csv"
        path.write_text(text)
        loss = read_log(str(path)).history.loss
        assert loss is not None
        assert loss.values.tolist() == [1.5, 1.3, 1.2]


def test_read_log_of_a_series_that_begins_with_zero_keeps_it(tmp_path: Path) -> None:
    """Whole numbers below the zero make it a value; so does a first row of step and loss."""
    for text, first in (("0\n1\n2\n3\n", 0.0), ("0,1\n1,0.9\n2,0.8\n", 1.0)):
        path = tmp_path / "loss.csv"
        path.write_text(text)
        loss = read_log(str(path)).history.loss
        assert loss is not None
        assert first in loss.values.tolist()


def test_read_log_of_a_table_whose_rate_stands_first_takes_the_loss_behind_it(
    tmp_path: Path,
) -> None:
    """A column that is set rather than measured is no loss."""
    path = tmp_path / "log.txt"
    path.write_text("1 0.0001 2.5\n2 0.0001 2.4\n3 0.00009 2.3\n4 0.00009 2.2\n")
    loss = read_log(str(path)).history.loss
    assert loss is not None
    assert loss.values.tolist() == [2.5, 2.4, 2.3, 2.2]
