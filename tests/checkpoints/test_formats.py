"""Every format of the registry: recognised by content, read in full, refused when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from checkpoints.samples import NAMES, STEP, WRITERS, training, zero3
from nandoctor.checkpoints import FORMATS, is_checkpoint, open_checkpoint, scan
from nandoctor.errors import UnreadableInputError

PREFIX = {"peft": "base_model.model.", "megatron": "language_model.encoder."}
WITHOUT_STEP = {"torchscript", "safetensors_sharded", "peft", "npz", "npy"}
WITH_MOMENTS = (
    "torch", "torch_legacy", "hf_trainer", "lightning", "accelerate", "dcp", "megatron",
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One checkpoint of every format."""
    made = {}
    for name, write in WRITERS.items():
        folder = tmp_path_factory.mktemp(name)
        made[name] = write(folder)
    return made


def test_formats_have_unique_names_and_samples() -> None:
    """Each format of the registry has a sample here, but for the one that is slow to write."""
    names = [form.name for form in FORMATS]
    assert len(set(names)) == len(names)
    assert set(names) == {*WRITERS, "torch_export"}


@pytest.mark.parametrize("name", list(WRITERS))
def test_open_sample_gives_format_step_and_tensors(written: dict[str, Path], name: str) -> None:
    """The right format, the step where it is stored, every parameter and the planted NaN."""
    path = written[name]
    assert is_checkpoint(path)
    facts = scan(open_checkpoint(path))
    assert facts.format == name
    assert facts.training.step == (None if name in WITHOUT_STEP else STEP)
    assert not facts.damage and not facts.dangerous
    prefix = PREFIX.get(name, "")
    parameters = {t.name: t for t in facts.tensors if t.role == "parameter"}
    wanted = ["head.weight"] if name == "npy" else list(NAMES)
    assert sorted(parameters) == sorted(prefix + n for n in wanted)
    bad = parameters[f"{prefix}head.weight"]
    assert bad.num_nan == 1 and bad.first_bad == (0, 3)
    others = [t for t in facts.tensors if t.role not in ("exp_avg", "exp_avg_sq", "master")]
    assert sum(not t.is_finite for t in others) == 1


@pytest.mark.parametrize("name", WITH_MOMENTS)
def test_open_sample_names_moments_after_parameters(written: dict[str, Path], name: str) -> None:
    """Every moment carries the name of its own parameter, whatever the order of the groups."""
    facts = scan(open_checkpoint(written[name]))
    prefix = PREFIX.get(name, "")
    run = training("decay" if name == "hf_trainer" else "one")
    norms = {
        f"exp_avg_sq.{prefix}{n}": run["optimizer"].state[p]["exp_avg_sq"].double().norm().item()
        for n, p in run["net"].named_parameters()
    }
    moments = {t.name: t.l2 for t in facts.tensors if t.role == "exp_avg_sq"}
    assert moments == pytest.approx(norms, rel=1e-6)


def test_open_zero3_puts_parameters_and_moments_together(tmp_path: Path) -> None:
    """Parts of every rank and sub-group join to whole tensors under the parameters' names."""
    net = training()["net"]
    facts = scan(open_checkpoint(zero3(tmp_path)), exact=True)
    found = {t.name: t for t in facts.tensors}
    assert facts.training.step == STEP and not facts.damage
    for name, parameter in net.named_parameters():
        values = parameter.detach().double().nan_to_num(0.0)
        weight, moment = found[name], found[f"exp_avg_sq.{name}"]
        assert (weight.role, weight.shape) == ("parameter", tuple(parameter.shape))
        assert weight.l2 == pytest.approx(float(values.norm()), rel=1e-12)
        assert weight.num_nan == int(parameter.isnan().sum()) == moment.num_nan
        assert moment.l2 == pytest.approx(float(parameter.detach().square().nan_to_num(0.0).norm()))
        assert found[f"step.{name}"].max == 7.0


def test_open_dcp_with_common_file_takes_its_step(tmp_path: Path) -> None:
    """Megatron-Core keeps the iteration beside the shards."""
    folder = WRITERS["dcp"](tmp_path)
    torch.save({"iteration": 4321, "checkpoint_version": 3.0}, folder / "common.pt")
    assert open_checkpoint(folder).training.config["checkpoint_version"] == 3.0


@pytest.mark.parametrize("name", list(WRITERS))
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.98])
def test_open_truncated_file_is_damage_or_refused(
    written: dict[str, Path], tmp_path: Path, name: str, share: float
) -> None:
    """Whatever byte a file is cut at: what is left is read, the loss is said, nothing crashes."""
    source = written[name]
    target = tmp_path / source.name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)
    inner = [target] if target.is_file() else [p for p in target.rglob("*") if p.is_file()]
    cut = max(inner, key=lambda p: p.stat().st_size)
    cut.write_bytes(cut.read_bytes()[: int(cut.stat().st_size * share)])
    try:
        facts = scan(open_checkpoint(target))
    except UnreadableInputError as error:
        assert target.name in str(error) and error.hint
    else:
        assert facts.damage


def test_open_foreign_files_are_no_checkpoints(tmp_path: Path) -> None:
    """Text, JSON, images and empty files are refused in plain words."""
    contents = {
        "empty.pt": (b"", "empty"), "zeros.pt": (b"\0" * 5000, "zero bytes"),
        "page.pt": (b"<!DOCTYPE html><html>", "HTML"), "log.txt": (b"step 1 loss 2.0\n", "text"),
        "lfs.safetensors": (b"version https://git-lfs.github.com/spec/v1\noid", "git-lfs"),
        "image.pt": (b"\x89PNG\r\n\x1a\n\0\0", "PNG"), "config.json": (b'{"a": 1}', "text"),
    }  # fmt: skip
    for name, (data, words) in contents.items():
        (tmp_path / name).write_bytes(data)
        assert not is_checkpoint(tmp_path / name)
        with pytest.raises(UnreadableInputError, match=words):
            open_checkpoint(tmp_path / name)
    with pytest.raises(UnreadableInputError, match="no such file"):
        open_checkpoint(tmp_path / "missing.pt")


def test_open_run_directory_names_the_checkpoints_in_it(tmp_path: Path) -> None:
    """A directory of checkpoints is none itself; the hint lists them."""
    (tmp_path / "checkpoint-5").mkdir()
    with pytest.raises(UnreadableInputError, match="not a checkpoint directory") as caught:
        open_checkpoint(tmp_path)
    assert "checkpoint-5" in caught.value.hint


def test_open_part_of_distributed_checkpoint_names_its_directory(written: dict[str, Path]) -> None:
    """One file of a distributed checkpoint is no checkpoint; the hint says what is."""
    part = next(written["dcp"].glob("*.distcp"))
    assert not is_checkpoint(part)
    with pytest.raises(UnreadableInputError, match="part of a distributed checkpoint") as caught:
        open_checkpoint(part)
    assert str(written["dcp"]) in caught.value.hint


@pytest.mark.slow
def test_open_exported_program_reads_weights(tmp_path: Path) -> None:
    """A torch.export archive gives the weights that its JSON lists."""
    path = tmp_path / "c.pt2"
    torch.export.save(torch.export.export(training()["net"], (torch.randn(2, 6),)), path)
    facts = scan(open_checkpoint(path))
    assert facts.format == "torch_export"
    assert {t.name: t.num_nan for t in facts.tensors}["head.weight"] == 1


def test_scan_imports_no_torch(written: dict[str, Path]) -> None:
    """Torch files, safetensors and NumPy files are scanned in a process without torch."""
    paths = [str(written[name]) for name in ("torch", "torch_legacy", "safetensors", "npz")]
    code = (
        "import sys\n"
        "from nandoctor.checkpoints import open_checkpoint, scan\n"
        "for path in sys.argv[1:]:\n"
        "    assert scan(open_checkpoint(path)).tensors\n"
        "assert not {'torch', 'pandas', 'rich', 'safetensors'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
