"""A user's replay file, and everything that can be wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nandoctor.batches import MicroBatches
from nandoctor.errors import MissingExtraError, NandoctorError, ReplayError
from nandoctor.evidence import metric_history
from nandoctor.step import run_step
from nandoctor.targets import TEMPLATE, NoBatchError, build_target

MODEL = """
import torch
from torch import nn

STEP = 7

def build_model():
    torch.manual_seed(0)
    print("noise on stdout")
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.1), nn.Linear(4, 1))
"""
LOSS = """
def compute_loss(model, batch):
    return model(batch["x"]).square().mean()
"""
STREAM = """
def make_batch(step):
    global STEP
    STEP = step
    return {"x": torch.full((2, 3), float(step))}
"""
OPTIMIZER = """
def build_optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=0.1)
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a writer of replay files."""

    def written(text: str, name: str = "replay.py") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return written


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A debug checkpoint of the model at step 9, with a trained optimizer."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.25)
    model(torch.ones(2, 3)).mean().backward()
    optimizer.step()
    torch.manual_seed(123)
    path = tmp_path / "debug_checkpoint.pt"
    torch.save(
        {
            "step": 9, "model_state": {f"module.{k}": v for k, v in model.state_dict().items()},
            "optimizer_state": optimizer.state_dict(), "rng_state": torch.get_rng_state(),
            "max_grad_norm": 0.5,
        },
        path,
    )  # fmt: skip
    return path


def test_build_target_loads_weights_optimizer_and_recorded_settings(
    write: Any, checkpoint: Path
) -> None:
    """What the checkpoint holds is in the target: weights, moments, clipping, RNG, train mode."""
    history = metric_history([8, 9], loss=[1.0, 2.5], grad_norm=[0.1, float("inf")])
    target, skipped = build_target(
        model=write(MODEL + LOSS + OPTIMIZER), checkpoint=checkpoint,
        batch={"x": torch.ones(2, 3)}, history=history, device="cpu",
    )  # fmt: skip
    saved = torch.load(checkpoint, weights_only=True)
    assert torch.equal(target.model[0].weight, saved["model_state"]["module.0.weight"])
    assert target.optimizer is not None
    assert target.optimizer.param_groups[0]["lr"] == 0.25
    assert target.optimizer.state[target.model[0].weight]["step"] == 1
    assert (target.max_grad_norm, target.model.training) == (0.5, True)
    assert torch.equal(target.rng["torch"], saved["rng_state"])
    assert target.recorded == {"loss": 2.5, "grad_norm": float("inf")}
    assert skipped == ()
    assert run_step(target).is_finite


def test_build_target_prints_nothing_to_stdout(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """stdout carries the report only: what the user's file prints goes to stderr."""
    build_target(model=write(MODEL + LOSS), batch={"x": torch.ones(2, 3)}, device="cpu")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "noise on stdout\n")


def test_build_target_without_a_batch_asks_the_data_stream(write: Any, checkpoint: Path) -> None:
    """make_batch(step) stands in, and another step of it is offered without moving the file's
    globals."""
    loss = "\ndef compute_loss(model, batch):\n    return model(batch['x']).sum() * 0 + STEP\n"
    path = write(MODEL + loss + STREAM)
    target, _ = build_target(model=path, checkpoint=checkpoint, device="cpu")
    assert target.batch["x"][0, 0] == 9.0
    assert target.other_batch is not None
    before = torch.get_rng_state()
    assert target.other_batch()["x"][0, 0] == 8.0
    assert torch.equal(torch.get_rng_state(), before)
    assert run_step(target).loss == 9.0
    assert not target.is_batch_synthetic


def test_build_target_without_batch_and_stream_makes_one_up_and_says_so(
    write: Any, checkpoint: Path
) -> None:
    """A made-up batch is marked, and the message tells what to save next time."""
    target, skipped = build_target(model=write(MODEL), checkpoint=checkpoint, device="cpu")
    assert target.is_batch_synthetic
    saved = next(s for s in skipped if s.what == "saved batch")
    assert "torch.save(batch" in saved.reason
    assert run_step(target).is_finite


def test_build_target_without_any_batch_is_an_error_that_tells_what_to_save(write: Any) -> None:
    """Two inputs of unknown meaning are not guessed."""
    text = "import torch\nclass M(torch.nn.Module):\n    def forward(self, a, b): return a\n"
    with pytest.raises(NoBatchError, match="no batch") as caught:
        build_target(model=write(text + "def build_model(): return M()"), device="cpu")
    assert "torch.save(batch" in caught.value.hint


def test_build_target_list_of_like_batches_is_one_accumulated_step(write: Any) -> None:
    """Micro-batches add up as they come."""
    parts = [{"x": torch.full((2, 3), value)} for value in (1.0, 2.0)]
    path = write(MODEL.replace("nn.Dropout(0.1)", "nn.Identity()") + LOSS)
    both, _ = build_target(model=path, batch=parts, device="cpu")
    single = [build_target(model=path, batch=part, device="cpu")[0] for part in parts]
    assert isinstance(both.batch, MicroBatches)
    losses = [run_step(target).loss for target in single]
    assert run_step(both).loss == pytest.approx(sum(losses))


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("def build_model(:\n", "replay.py:1: loading replay.py raised SyntaxError", "compile"),
        ("import no_such_library\n", "replay.py:1: .*No module named 'no_such", "install"),
        ("x = 1\n", "replay.py has no function build_model", "--template"),
        ("def build_net(): ...\n", "has no function build_model", "name one of build_net"),
        ("def build_model():\n    raise OSError('no data')\n", "replay.py:2: build_model raised "
         "OSError: no data", "traceback"),
        ("def build_model():\n    return 3\n", "build_model returned int", "torch.nn.Module"),
        ("raise SystemExit(1)\n", "left the program", "__main__"),
        (MODEL + "def compute_loss(batch):\n    return 0\n", "cannot be called with",
         "def compute_loss"),
        (MODEL + "def build_optimizer(model):\n    return None\n", "returned NoneType",
         "torch.optim"),
    ],
)  # fmt: skip
def test_build_target_broken_file_is_one_error_with_a_hint(
    write: Any, text: str, fact: str, hint: str
) -> None:
    """One line names file, line and exception; one hint tells what to do."""
    with pytest.raises(NandoctorError, match=fact) as caught:
        build_target(model=write(text), batch={"x": torch.ones(2, 3)}, device="cpu")
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message


def test_build_target_missing_file_and_module_are_errors(tmp_path: Path) -> None:
    """A path that is not there and a package that cannot be imported are named."""
    with pytest.raises(ReplayError, match="no such file"):
        build_target(model=str(tmp_path / "absent.py"), device="cpu")
    with pytest.raises(ReplayError, match="importing no_such_package"):
        build_target(model="no_such_package:build", device="cpu")
    with pytest.raises(ReplayError, match=r"holds no config\.json"):
        build_target(model=str(tmp_path), device="cpu")


def test_build_target_takes_another_function_and_another_loss_file(write: Any) -> None:
    """FILE.py:attr names the builder, --loss the file of the loss."""
    loss = write(
        "def other(model, batch):\n    return model(batch['x']).sum() * 0 + 4\n", "loss.py"
    )
    target, _ = build_target(
        model=write(MODEL.replace("build_model", "make")) + ":make", loss=f"{loss}:other",
        batch={"x": torch.ones(2, 3)}, device="cpu",
    )  # fmt: skip
    assert run_step(target).loss == 4.0


def test_build_target_two_runs_with_like_named_neighbours_get_their_own(tmp_path: Path) -> None:
    """models.py of the second run is not the first's."""
    for name, width in (("first", 2), ("second", 5)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "models.py").write_text(f"WIDTH = {width}\n")
        (folder / "replay.py").write_text(
            "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
            "import models, torch\ndef build_model(): return torch.nn.Linear(3, models.WIDTH)\n"
        )
        target, _ = build_target(
            model=str(folder / "replay.py"), batch=(torch.ones(1, 3),), device="cpu"
        )
        assert target.model.out_features == width


def test_run_step_of_a_batch_that_the_forward_does_not_take_names_both(write: Any) -> None:
    """The keys of the batch and the parameters of forward stand in the hint."""
    text = (
        "import torch\nclass M(torch.nn.Linear):\n    def forward(self, pixel_values):\n"
        "        return super().forward(pixel_values).mean()\n"
        "def build_model():\n    return M(3, 1)\n"
    )
    batch = {"pixels": torch.ones(2, 3)}
    target, _ = build_target(model=write(text), batch=batch, device="cpu")
    with pytest.raises(ReplayError, match="unexpected keyword argument 'pixels'") as caught:
        run_step(target)
    assert caught.value.hint == "the batch has pixels; M.forward takes pixel_values"


def test_run_step_of_a_misspelt_key_names_the_line_and_the_keys(write: Any) -> None:
    """A KeyError in compute_loss is the batch's or the file's mistake, not a crash."""
    path = write(MODEL + LOSS)
    target, _ = build_target(model=path, batch={"y": torch.ones(2, 3)}, device="cpu")
    with pytest.raises(ReplayError, match=r"replay\.py:13: compute_loss raised KeyError") as caught:
        run_step(target)
    assert caught.value.hint == "the batch has y"


def test_run_step_of_a_vector_loss_is_an_error(write: Any) -> None:
    """The default loss of a plain model is its output, which must be one number."""
    target, _ = build_target(model=write(MODEL), batch=(torch.ones(2, 3),), device="cpu")
    with pytest.raises(ReplayError, match="not a scalar"):
        run_step(target)


def test_template_is_a_file_that_lacks_only_the_model(write: Any) -> None:
    """The starter file loads; build_model says that it must be filled in."""
    with pytest.raises(ReplayError, match=r"return your torch\.nn\.Module here"):
        build_target(model=write(TEMPLATE), device="cpu")
    filled = TEMPLATE.replace(
        'raise NotImplementedError("return your torch.nn.Module here")',
        "return torch.nn.Embedding(7, 4)",
    ).replace("# ", "").replace("#\n", "\n")  # fmt: skip
    compile(filled, "replay.py", "exec")


def test_build_target_of_a_huggingface_directory_without_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The missing extra is named with the command that installs it."""
    import sys

    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError) as caught:
        build_target(model=str(tmp_path), device="cpu")
    assert caught.value.hint == "pip install 'nandoctor[hf]'"


def test_build_target_on_the_cpu_enters_autocast_regions_written_for_a_gpu(write: Any) -> None:
    """torch.autocast("cuda") would be switched off on the CPU, and its overflow with it."""
    create = torch.autocast.__init__
    loss = (
        "\ndef compute_loss(model, batch):\n"
        "    with torch.autocast('cuda', dtype=torch.float16):\n"
        "        return (model(batch['x'] * 1e4) * 100).float().mean()\n"
    )
    target, _ = build_target(model=write(MODEL + loss), batch={"x": torch.ones(2, 3)}, device="cpu")
    assert not run_step(target).is_finite
    assert torch.autocast.__init__ is create


def test_build_target_without_make_batch_takes_the_loaders_batch_of_that_step(
    write: Any, checkpoint: Path
) -> None:
    """build_dataloader stands in for make_batch; steps count through its epochs."""
    loader = (
        "\ndef build_dataloader():\n"
        "    return [{'x': torch.full((1, 3), float(i))} for i in range(4)]\n"
    )
    target, _ = build_target(
        model=write(MODEL + LOSS + loader), checkpoint=checkpoint, device="cpu"
    )
    assert target.batch["x"][0, 0] == 9 % 4


def test_build_target_without_build_optimizer_rebuilds_the_recorded_one(
    write: Any, tmp_path: Path
) -> None:
    """Class, settings and decay groups come from the checkpoint, in the order that fits."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Identity(), torch.nn.Linear(4, 1))
    decayed = [p for p in model.parameters() if p.ndim > 1]
    spared = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": spared, "weight_decay": 0.0}]
    )
    model(torch.ones(2, 3)).mean().backward()
    optimizer.step()
    path = tmp_path / "debug_checkpoint.pt"
    state = {"step": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state | {"optimizer_class": "AdamW"}, path)
    target, skipped = build_target(
        model=write(MODEL + LOSS), checkpoint=path, batch={"x": torch.ones(2, 3)}, device="cpu"
    )
    assert isinstance(target.optimizer, torch.optim.Adam), skipped
    groups = target.optimizer.param_groups
    assert [g["weight_decay"] for g in groups] == [0.1, 0.0]
    assert [p.ndim for p in groups[1]["params"]] == [1, 1]


def test_build_target_optimizer_state_that_does_not_fit_is_skipped_with_the_reason(
    write: Any, checkpoint: Path
) -> None:
    """The forward and backward are still replayed; only the update is not simulated."""
    other = "\ndef build_optimizer(model):\n    return torch.optim.SGD([model[0].weight], lr=0.1)\n"
    target, skipped = build_target(
        model=write(MODEL + LOSS + other), checkpoint=checkpoint, batch={"x": torch.ones(2, 3)},
        device="cpu",
    )  # fmt: skip
    assert target.optimizer is None
    assert "does not fit SGD" in next(s.reason for s in skipped if s.what == "optimizer state")
