"""Where a log comes from: compressed files, stdin, run files; and the registry of formats."""

from __future__ import annotations

import gzip
import io
import json
import struct
import sys
from pathlib import Path

import pandas as pd
import pytest

from nandoctor.errors import MissingExtraError, NandoctorError, UnreadableInputError
from nandoctor.logs import LOG_FORMATS, is_log, read_log

TEXT = "step 1 loss 2.5\nstep 2 loss 2.4\nstep 3 loss nan\n"


def test_formats_have_unique_names_and_end_with_the_general_one() -> None:
    """The registry is explicit; what nothing else takes is read as text."""
    names = [form.name for form in LOG_FORMATS]
    assert len(set(names)) == len(names)
    assert names[-1] == "text"


def test_read_log_of_gzip_equals_plain(tmp_path: Path) -> None:
    """Compression is told by the first bytes, not by the name."""
    path = tmp_path / "train.log"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert read_log(str(path)).history.step.tolist() == [1, 2, 3]


def test_read_log_of_zstandard_equals_plain(tmp_path: Path) -> None:
    """The same for .zst, where zstandard is installed."""
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "train.log.zst"
    path.write_bytes(zstandard.compress(TEXT.encode()))
    assert read_log(str(path)).history.step.tolist() == [1, 2, 3]


def test_read_log_of_zstandard_without_the_library_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing extra is one clear error."""
    path = tmp_path / "train.log.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(40))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError) as caught:
        read_log(str(path))
    assert "nandoctor[zstd]" in caught.value.hint


@pytest.mark.parametrize("text", [TEXT, "2.1 2.0 1.9 8734.5 nan", "step,loss\n1,2\n2,nan\n"])
def test_read_log_of_stdin_reads_any_format(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` is stdin, sniffed like a file."""
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode())))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", stream)
    log = read_log("-")
    assert log.path == "-"
    assert log.history.loss is not None
    assert log.history.loss.nonfinite.sum() == 1


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _tensorboard(rows: list[tuple[int, str, float]]) -> bytes:
    records = [b"\x09" + struct.pack("<d", 1.0) + _field(3, b"brain.Event:2")]
    for step, tag, value in rows:
        entry = _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
        event = b"\x09" + struct.pack("<d", 1.0) + b"\x10" + _varint(step)
        records.append(event + _field(5, _field(1, entry)))
    return b"".join(struct.pack("<QI", len(r), 0) + r + bytes(4) for r in records)


def test_read_log_of_tensorboard_joins_tags_by_step(tmp_path: Path) -> None:
    """Scalars of an event file become rows; a cut-off end loses the last record only."""
    rows = [(s, tag, s + k) for s in (1, 2, 300) for k, tag in enumerate(("train/loss", "lr"))]
    data = _tensorboard([*rows, (301, "train/loss", float("nan"))])
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes(data)
    log = read_log(str(path))
    assert log.format == "tensorboard"
    assert log.history.step.tolist() == [1, 2, 300, 301]
    assert log.history.lr is not None
    assert log.history.lr.values[:3].tolist() == [2.0, 3.0, 301.0]
    path.write_bytes(data[:-5])
    assert read_log(str(path)).history.step.tolist() == [1, 2, 300]


def _wandb(rows: list[dict[str, float]]) -> bytes:
    out = b":W&B" + bytes(3)
    for step, row in enumerate(rows):
        items = b"".join(
            _field(1, _field(1, key.encode()) + b"\x82\x01" + _varint(len(text)) + text)
            for key, value in row.items()
            if (text := json.dumps(value).encode())
        )
        record = _field(2, items + _field(2, b"\x08" + _varint(step)))
        out += struct.pack("<IHB", 0, len(record), 1) + record
    return out


def test_read_log_of_wandb_offline_run_gives_its_history(tmp_path: Path) -> None:
    """The history records of a run file become rows, NaN included."""
    path = tmp_path / "run-1.wandb"
    path.write_bytes(
        _wandb([{"loss": 2.5, "lr": 0.1}, {"loss": 2.4, "lr": 0.1}, {"loss": float("nan")}])
    )
    log = read_log(str(path))
    assert log.format == "wandb"
    assert log.history.step.tolist() == [0, 1, 2]
    assert log.history.loss is not None
    assert log.history.loss.nonfinite.tolist() == [False, False, True]


def test_read_log_of_mlflow_reads_the_metrics_beside(tmp_path: Path) -> None:
    """A metric file brings its neighbours, joined by step."""
    folder = tmp_path / "mlruns" / "0" / "run" / "metrics"
    folder.mkdir(parents=True)
    for name, factor in (("loss", 1.0), ("grad_norm", 2.0)):
        lines = [f"1700000000{s:03d} {factor * s} {s}" for s in range(1, 4)]
        (folder / name).write_text("\n".join(lines) + "\n")
    log = read_log(str(folder / "loss"))
    assert log.format == "mlflow"
    assert log.history.step.tolist() == [1, 2, 3]
    assert log.history.grad_norm is not None
    assert log.history.grad_norm.values.tolist() == [2.0, 4.0, 6.0]


def test_read_log_of_a_run_directory_finds_its_log(tmp_path: Path) -> None:
    """The directory of an offline run stands for the file in it; an empty one is an error."""
    with pytest.raises(UnreadableInputError, match="a directory without a log"):
        read_log(str(tmp_path))
    (tmp_path / "run-1.wandb").write_bytes(_wandb([{"loss": 2.5}, {"loss": 2.4}]))
    assert len(read_log(str(tmp_path)).history) == 2


def test_read_log_names_the_framework_and_takes_its_name_as_format(tmp_path: Path) -> None:
    """Text logs are named after what wrote them; the name may be given, a wrong one may not."""
    path = tmp_path / "train.log"
    path.write_text("".join(f"iter {i}: loss {9 - i}.5, time 4.1ms, mfu 3.1%\n" for i in range(4)))
    assert read_log(str(path)).format == "nanogpt"
    assert len(read_log(str(path), format="nanogpt").history) == 4
    with pytest.raises(NandoctorError, match="no such log format"):
        read_log(str(path), format="morse")


def test_read_log_reports_progress(tmp_path: Path) -> None:
    """The callback hears the stage and a fraction that ends at 1."""
    path = tmp_path / "train.log"
    path.write_text(TEXT * 2000)
    heard: list[tuple[str, float]] = []
    read_log(str(path), progress=lambda stage, fraction: heard.append((stage, fraction)))
    assert heard[-1] == ("reading", 1.0)


def _notebook(text: str) -> str:
    output = {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}
    cells = [
        {"cell_type": "markdown", "source": ["loss: 1.0"]},
        {"cell_type": "code", "source": ["train()"], "outputs": [output]},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=1)


def test_read_log_of_a_notebook_reads_the_outputs_whole_or_cut(tmp_path: Path) -> None:
    """The outputs are read, the sources are not; a damaged notebook is salvaged."""
    path = tmp_path / "train.ipynb"
    path.write_text(_notebook(TEXT))
    assert read_log(str(path)).history.step.tolist() == [1, 2, 3]
    path.write_text(_notebook(TEXT)[:-40])
    log = read_log(str(path))
    assert log.history.step.tolist() == [1, 2, 3]
    assert log.num_unread == 1


@pytest.mark.parametrize(
    "text",
    ["import torch\n\ndef f(x):\n    loss = 0.5 * x\n    return loss\n", "# Title\n\nSome prose.\n",
     '{"hidden_size": 64, "eps": 1e-5}\n', "[tool]\nlr = 0.1\n", "a,b\n1,2\n3,4\n"],
)  # fmt: skip
def test_is_log_of_other_files_is_false(text: str, tmp_path: Path) -> None:
    """Source code, prose, configs and tables of other things are no training logs."""
    path = tmp_path / "other.txt"
    path.write_text(text)
    assert not is_log(str(path))


def test_is_log_of_a_large_table_reads_its_head_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shortcut, which reads a whole file by its path, is not taken."""
    path = tmp_path / "metrics.csv"
    path.write_text("step,loss\n" + "".join(f"{step},2.5\n" for step in range(90_000)))
    read: list[object] = []
    read_csv = pd.read_csv

    def spy(file: object, **options: object) -> object:
        read.append(file)
        return read_csv(file, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(pd, "read_csv", spy)
    assert is_log(str(path))
    assert len(read) == 1
    assert not isinstance(read[0], str)
