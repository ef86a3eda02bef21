"""What a checkpoint tells about the training: step, rates, precision, curves, what is missing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.samples import NAMES, STEP, Net, rng_states, training, tree
from nandoctor.checkpoints import Checkpoint, open_checkpoint, scan


def opened(content: Any, path: Path) -> Checkpoint:
    """Save with torch and open."""
    torch.save(content, path)
    return open_checkpoint(path)


def test_training_state_plain_checkpoint_is_read(tmp_path: Path) -> None:
    """Step, rate, optimizer and hyper-parameters come from the optimizer's state_dict."""
    state = opened(tree(), tmp_path / "c.pt").training
    assert (state.step, state.lr, state.optimizer, state.precision) == (STEP, 1e-3, "AdamW", "fp32")
    assert state.param_groups[0]["betas"] == (0.9, 0.999)
    assert "params" not in state.param_groups[0]


@pytest.mark.parametrize(
    ("content", "step"),
    [
        ({"global_step": 12}, 12), ({"iteration": 3, "epoch": 1}, 3), ({"iter_num": 9}, 9),
        ({"trainer": {"global_step": 4}}, 4), ({"step": torch.tensor(8)}, 8), ({"epoch": 2}, None),
        ({"optimizer": None, "args": argparse.Namespace(step=5)}, 5),
    ],
)  # fmt: skip
def test_training_state_step_names_are_recognised(
    tmp_path: Path, content: dict[str, Any], step: int | None
) -> None:
    """The step is found under the names that trainers use, also one level down."""
    content = {**content, "model": Net().state_dict()}
    assert opened(content, tmp_path / "c.pt").training.step == step


@pytest.mark.parametrize(
    ("name", "step"),
    [("step_00120.pt", 120), ("checkpoint-500.pt", 500), ("epoch=1-step=44.ckpt", 44),
     ("debug_checkpoint_step_1234.pt", 1234), ("model2.pt", None)],
)  # fmt: skip
def test_training_state_step_comes_from_the_name_where_only_it_has_it(
    tmp_path: Path, name: str, step: int | None
) -> None:
    """A bare state_dict takes its step from the file's name."""
    assert opened(Net().state_dict(), tmp_path / name).training.step == step


def test_training_state_tuple_checkpoint_takes_its_integer_as_step(tmp_path: Path) -> None:
    """(model, optimizer, step) tuples are understood by the shape of their parts."""
    run = training()
    content = (run["net"].state_dict(), run["optimizer"].state_dict(), 31)
    checkpoint = opened(content, tmp_path / "c.pt")
    assert checkpoint.training.step == 31
    assert sum(t.role == "parameter" for t in checkpoint.tensors) == 6
    assert sum(t.role == "exp_avg" for t in checkpoint.tensors) == 6


def test_training_state_history_ends_at_the_step(tmp_path: Path) -> None:
    """The last hundred losses end at the checkpoint's step; not-logged entries stay empty."""
    losses = [float(n) for n in range(100)]
    losses[-1] = float("nan")
    content = {**tree(), "step": 5000, "loss_history": losses, "grad_norm_history": [2.0] * 50}
    history = opened(content, tmp_path / "c.pt").training.history
    assert history is not None and history.loss is not None and history.grad_norm is not None
    assert (history.step[0], history.step[-1], len(history)) == (4901, 5000, 100)
    assert history.loss.nonfinite.tolist() == [False] * 99 + [True]
    assert history.grad_norm.logged.sum() == 50 and history.grad_norm.logged[-1]


def test_training_state_history_obeys_steps_that_the_file_gives(tmp_path: Path) -> None:
    """Pairs, a list of steps beside it, rows or a log interval say where the values belong."""
    cases = {
        "pairs": {"loss_history": [(10, 1.0), (20, 2.0)]},
        "steps": {"losses": [1.0, 2.0], "steps": [10, 20]},
        "mapping": {"losses": {10: 1.0, 20: 2.0}},
        "rows": {"log_history": [{"step": 10, "loss": 1.0}, {"step": 20, "loss": 2.0}]},
        "interval": {"loss_history": [1.0, 2.0], "log_every": 10, "step": 20},
        "tensor": {"loss_history": torch.tensor([1.0, 2.0]), "log_interval": 10, "step": 20},
    }
    for name, content in cases.items():
        history = opened(
            {"step": 20, "model": {}, **content}, tmp_path / f"{name}.pt"
        ).training.history
        assert history is not None and history.loss is not None, name
        assert history.step.tolist() == [10, 20], name
        assert history.loss.values.tolist() == [1.0, 2.0], name


def test_training_state_history_without_step_counts_from_zero(tmp_path: Path) -> None:
    """More values than steps cannot end at the step: they are counted, and it is said."""
    history = opened({"step": 2, "losses": [3.0] * 9}, tmp_path / "c.pt").training.history
    assert history is not None and history.is_step_index
    assert history.step.tolist() == list(range(9))


@pytest.mark.parametrize(
    ("content", "precision"),
    [
        ({"scaler": {"scale": 512.0, "growth_factor": 2.0}}, "fp16_amp"),
        ({"args": argparse.Namespace(fp16=True)}, "fp16_amp"),
        ({"config": {"bf16": True}}, "bf16_amp"),
        ({"hparams": {"precision": "bf16-mixed"}}, "bf16_amp"),
        ({"config": {"dtype": "bfloat16"}}, "bf16_amp"),
        ({"config": {"dtype": torch.float16}}, "fp16_amp"),
        ({"config": {"precision": "32-true"}}, "fp32"), ({}, "fp32"),
    ],
)  # fmt: skip
def test_training_state_precision_comes_from_settings_and_scaler(
    tmp_path: Path, content: dict[str, Any], precision: str
) -> None:
    """A scaler means fp16 autocast; settings speak before the parameters' dtype."""
    checkpoint = opened({**content, "model": Net().state_dict()}, tmp_path / "c.pt")
    assert checkpoint.training.precision == precision


@pytest.mark.parametrize(
    ("dtype", "precision"), [(torch.float16, "fp16"), (torch.bfloat16, "bf16")]
)
def test_training_state_half_parameters_are_not_autocast(
    tmp_path: Path, dtype: torch.dtype, precision: str
) -> None:
    """A model stored in half precision trained in it."""
    state = Net().to(dtype).state_dict()
    assert opened({"model": state}, tmp_path / "c.pt").training.precision == precision


def test_training_state_settings_are_found(tmp_path: Path) -> None:
    """Accumulation, clipping and loss scale are read wherever trainers put them."""
    content = {
        "model": Net().state_dict(), "scaler_state": {"scale": 2.0**-7, "growth_factor": 2.0},
        "config": {"gradient_accumulation_steps": 8, "grad_clip": 0.5}, "best": 1.5,
    }  # fmt: skip
    state = opened(content, tmp_path / "c.pt").training
    assert (state.accumulation_steps, state.max_grad_norm, state.loss_scale) == (8, 0.5, 2.0**-7)
    assert state.config["best"] == 1.5 and state.config["config.grad_clip"] == 0.5


def test_missing_lists_what_a_resume_lacks(tmp_path: Path) -> None:
    """A bare model lacks everything, a full checkpoint nothing; a scaler only with fp16."""
    run = training()
    bare = opened({"model": Net().state_dict()}, tmp_path / "a.pt")
    assert bare.missing == ("optimizer", "scheduler", "rng", "data_position")
    full = opened({
        **tree(run), "scheduler": run["schedule"].state_dict(), "rng_state": rng_states(),
        "sampler_state": {"position": 3},
    }, tmp_path / "b.pt")  # fmt: skip
    assert full.missing == ()
    assert full.training.rng_kinds == ("torch", "numpy", "python")
    half = opened({**tree(run), "args": argparse.Namespace(fp16=True)}, tmp_path / "c.pt")
    assert "scaler" in half.missing


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."]
)
def test_names_lose_the_prefixes_of_wrappers(tmp_path: Path, prefix: str) -> None:
    """DDP's and compile's prefixes vanish from names."""
    state = {prefix + name: value for name, value in Net().state_dict().items()}
    checkpoint = opened({"state_dict": state}, tmp_path / "c.pt")
    assert [t.name for t in checkpoint.tensors] == list(NAMES)


def test_names_keep_a_real_submodule_called_module(tmp_path: Path) -> None:
    """A prefix that not every tensor has belongs to the model."""
    state = {"module.a": torch.ones(1), "head": torch.ones(1)}
    checkpoint = opened({"model": state}, tmp_path / "c.pt")
    assert [t.name for t in checkpoint.tensors] == ["module.a", "head"]


def test_roles_of_every_part_are_recognised(tmp_path: Path) -> None:
    """Model, EMA, gradients, moments, scaler and RNG are told apart; buffers from parameters."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    average = torch.optim.swa_utils.AveragedModel(model)
    content = {
        "model": model.state_dict(), "ema": average.state_dict(),
        "gradients": {"0.weight": torch.ones(3, 2)}, "rng_state": torch.get_rng_state(),
        "scaler": {"scale": torch.tensor(4.0), "growth_factor": 2.0}, "extra": {"x": torch.ones(1)},
    }  # fmt: skip
    roles = {t.name: t.role for t in scan(opened(content, tmp_path / "c.pt")).tensors}
    assert roles["0.weight"] == "parameter" and roles["1.running_var"] == "buffer"
    assert roles["ema.0.weight"] == "ema" and roles["grad.0.weight"] == "gradient"
    assert roles["scaler.scale"] == "scaler" and roles["rng_state"] == "rng"
    assert roles["extra.x"] == "other"


@pytest.mark.parametrize(("key", "role", "first"), [
    ("critic", "parameter", "critic.0.weight"), ("unet", "parameter", "unet.0.weight"),
    ("grad_dict", "gradient", "grad.0.weight"), ("main_grads", "gradient", "grad.0.weight"),
    ("per_layer_gradients", "gradient", "grad.0.weight"), ("swa", "ema", "ema.0.weight"),
    ("averaged_model", "ema", "ema.0.weight"), ("teacher", "ema", "ema.0.weight"),
    ("target_net", "ema", "ema.0.weight"), ("fp32_params", "master", "master.0.weight"),
    ("fp32_master_weights", "master", "master.0.weight"),
])  # fmt: skip
def test_roles_of_a_state_dict_beside_the_model(
    tmp_path: Path, key: str, role: str, first: str
) -> None:
    """What real code stores beside a model has its role, and an unknown key is a further model."""
    weights = [torch.nn.Sequential(torch.nn.Linear(3, 4)).state_dict() for _ in range(2)]
    torch.save({"step": 3, "model": weights[0], key: weights[1]}, tmp_path / "c.pt")
    handles = open_checkpoint(tmp_path / "c.pt").tensors
    assert [h.name for h in handles][:2] == ["0.weight", "0.bias"]
    assert (handles[2].name, {h.role for h in handles[2:]}) == (first, {role})


def test_roles_of_statistics_beside_the_model_stay_open(tmp_path: Path) -> None:
    """Numbers that are named unlike weights are no model."""
    model = torch.nn.Linear(3, 4).state_dict()
    statistics = {"mean": torch.zeros(3), "std": torch.ones(3)}
    torch.save({"model": model, "normalisation": statistics}, tmp_path / "c.pt")
    roles = {h.name: h.role for h in open_checkpoint(tmp_path / "c.pt").tensors}
    assert roles["normalisation.mean"] == roles["normalisation.std"] == "other"


def test_moments_without_a_certain_owner_keep_their_number(tmp_path: Path) -> None:
    """Where shapes allow several owners and the order is lost, no name is made up."""
    state = {"alpha.weight": torch.ones(4), "beta.weight": torch.ones(4), "zeta": torch.ones(2, 2)}
    slots = {n: {"exp_avg": torch.ones(s)} for n, s in enumerate([(4,), (4,), (2, 2)])}
    content = {
        "model": state,
        "optimizer": {"state": slots, "param_groups": [{"lr": 1.0, "params": [0, 1, 2]}]},
    }
    names = [t.name for t in opened(content, tmp_path / "c.pt").tensors if t.role == "exp_avg"]
    assert names == ["exp_avg.0", "exp_avg.1", "exp_avg.zeta"]


def test_moments_of_a_tuned_module_find_it(tmp_path: Path) -> None:
    """Two groups of which one is a module, or a model with frozen parts, are matched by shape."""
    torch.manual_seed(0)
    net = Net()
    slow = [p for n, p in net.named_parameters() if not n.startswith("head")]
    optimizer = torch.optim.Adam(
        [{"params": slow}, {"params": net.head.parameters(), "lr": 1.0}], lr=0.1
    )
    net(torch.randn(3, 6)).sum().backward()
    optimizer.step()
    content = {"model": net.state_dict(), "optimizer": optimizer.state_dict()}
    found = {t.name: t.l2 for t in scan(opened(content, tmp_path / "c.pt")).tensors}
    for name, parameter in net.named_parameters():
        norm = optimizer.state[parameter]["exp_avg"].double().norm().item()
        assert found[f"exp_avg.{name}"] == pytest.approx(norm, rel=1e-6)


def test_classes_are_listed_and_whole_modules_read(tmp_path: Path) -> None:
    """Unknown classes become placeholders; a pickled module still shows its parameters."""
    content = {"net": Net(), "args": argparse.Namespace(lr=0.1)}
    checkpoint = opened(content, tmp_path / "c.pt")
    assert {"argparse.Namespace", "checkpoints.samples.Net"} <= set(checkpoint.classes)
    assert [t.name for t in checkpoint.tensors] == list(NAMES)
    assert checkpoint.dangerous == () and checkpoint.training.lr == 0.1


def _adam(net: torch.nn.Module) -> dict[str, Any]:
    optimizer = torch.optim.Adam(net.parameters())
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer.state_dict()


def test_names_of_two_models_keep_them_apart(tmp_path: Path) -> None:
    """A GAN's generator and discriminator are told apart, and so are their moments."""
    first, second = Net(), torch.nn.Linear(3, 4)
    content = {
        "generator_state_dict": first.state_dict(), "discriminator_state_dict": second.state_dict(),
        "optimizer_G": _adam(first), "optimizer_D": _adam(second),
    }  # fmt: skip
    checkpoint = opened(content, tmp_path / "c.pt")
    names = {t.name: t.role for t in checkpoint.tensors}
    assert names["generator.head.weight"] == names["discriminator.weight"] == "parameter"
    assert "exp_avg.generator.head.weight" in names and "exp_avg.discriminator.weight" in names
    short = opened({"G": first.state_dict(), "D": second.state_dict()}, tmp_path / "d.pt")
    assert {t.name for t in short.tensors} >= {"G.head.weight", "D.weight"}


def test_names_lose_the_shells_around_a_state_dict(tmp_path: Path) -> None:
    """Whatever a trainer wraps around model and optimizer does not show in names."""
    net = Net()
    inner = {"model": {"state_dict": net.state_dict()}, "optimizer": _adam(net), "step": 3}
    checkpoint = opened({"state": inner}, tmp_path / "c.pt")
    names = {t.name for t in checkpoint.tensors}
    assert set(NAMES) <= names and {f"exp_avg.{n}" for n in NAMES} <= names
    assert checkpoint.training.step == 3


def test_apex_scaler_gives_its_loss_scale(tmp_path: Path) -> None:
    """A scaler within a scaler is found."""
    content = {"model": Net().state_dict(), "amp": {"loss_scaler0": {"loss_scale": 256.0}}}
    assert opened(content, tmp_path / "c.pt").training.loss_scale == 256.0


def test_lone_tensor_has_a_name(tmp_path: Path) -> None:
    """A file with nothing but a tensor is a checkpoint of one tensor."""
    assert [t.name for t in opened(torch.ones(2), tmp_path / "c.pt").tensors] == ["tensor"]
