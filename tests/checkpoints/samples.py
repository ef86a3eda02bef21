"""One small training, saved in every format that can be written here."""

from __future__ import annotations

import json
import pickle
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

STEP = 7
NAMES = ("encoder.0.weight", "encoder.0.bias", "encoder.2.weight", "encoder.2.bias",
         "head.weight", "head.bias")  # fmt: skip


class Net(nn.Module):
    """Two linear layers around a normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 10), nn.GELU(), nn.LayerNorm(10))
        self.head = nn.Linear(10, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one number a row."""
        return self.head(self.encoder(x))[:, 0]


def training(groups: str = "one") -> dict[str, Any]:
    """Train some steps; one weight is NaN at the end."""
    torch.manual_seed(0)
    net = Net()
    parameters: Any = net.parameters()
    if groups == "decay":
        named = list(net.named_parameters())
        decayed = [p for n, p in named if p.dim() > 1]
        parameters = [{"params": decayed}, {"params": [p for n, p in named if p.dim() < 2]}]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 100)
    losses = []
    for _ in range(STEP):
        loss = net(torch.randn(4, 6)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    with torch.no_grad():
        net.head.weight[0, 3] = float("nan")
    return {"net": net, "optimizer": optimizer, "schedule": schedule, "losses": losses}


def rng_states() -> dict[str, Any]:
    """Return the states of all generators as trainers store them."""
    return {
        "python": random.getstate(), "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(), "cuda": [],
    }  # fmt: skip


def tree(run: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a plain trainer saves."""
    run = run or training()
    return {
        "step": STEP, "model_state": run["net"].state_dict(),
        "optimizer_state": run["optimizer"].state_dict(),
        "loss_history": run["losses"], "grad_norm_history": [1.0] * STEP,
    }  # fmt: skip


def _torch(folder: Path) -> Path:
    torch.save(tree(), folder / "c.pt")
    return folder / "c.pt"


def _legacy(folder: Path) -> Path:
    torch.save(tree(), folder / "c.pt", _use_new_zipfile_serialization=False)
    return folder / "c.pt"


def _torchscript(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(training()["net"]).save(str(folder / "c.pt"))
    return folder / "c.pt"


def _safetensors(folder: Path) -> Path:
    save_file(training()["net"].state_dict(), folder / "c.safetensors", metadata={"step": "7"})
    return folder / "c.safetensors"


def _sharded(folder: Path) -> Path:
    state = training()["net"].state_dict()
    shards = {f"model-0000{n}-of-00002.safetensors": list(state)[n - 1 :: 2] for n in (1, 2)}
    weight_map = {}
    for shard, names in shards.items():
        save_file({name: state[name] for name in names}, folder / shard)
        weight_map |= dict.fromkeys(names, shard)
    index = {"metadata": {"total_size": 1}, "weight_map": {n: weight_map[n] for n in state}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def _hf_trainer(folder: Path) -> Path:
    run = training("decay")
    save_file(run["net"].state_dict(), folder / "model.safetensors")
    torch.save(run["optimizer"].state_dict(), folder / "optimizer.pt")
    torch.save(run["schedule"].state_dict(), folder / "scheduler.pt")
    states = rng_states()
    torch.save({"python": states["python"], "numpy": states["numpy"], "cpu": states["torch"]},
               folder / "rng_state.pth")  # fmt: skip
    rows = [{"step": n + 1, "loss": v, "grad_norm": 1.0} for n, v in enumerate(run["losses"])]
    rows[-1]["loss"] = float("nan")
    state = {"global_step": STEP, "epoch": 0.5, "log_history": rows}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    return folder


def _peft(folder: Path) -> Path:
    state = {f"base_model.model.{k}": v for k, v in training()["net"].state_dict().items()}
    save_file(state, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 8}))
    return folder


def _lightning(folder: Path) -> Path:
    run = training()
    progress = {"total": {"ready": STEP}, "current": {"ready": STEP}}
    torch.save({
        "epoch": 0, "global_step": STEP, "pytorch-lightning_version": "2.6.0",
        "state_dict": run["net"].state_dict(),
        "loops": {"fit_loop": {"epoch_loop.batch_progress": progress}},
        "callbacks": {"ModelCheckpoint": {"kth_value": torch.tensor(float("inf"))}},
        "optimizer_states": [run["optimizer"].state_dict()],
        "lr_schedulers": [run["schedule"].state_dict()], "hyper_parameters": {"lr": 1e-3},
    }, folder / "c.ckpt")  # fmt: skip
    return folder / "c.ckpt"


def _accelerate(folder: Path) -> Path:
    run, states = training(), rng_states()
    save_file(run["net"].state_dict(), folder / "model.safetensors")
    torch.save(run["optimizer"].state_dict(), folder / "optimizer.bin")
    torch.save(run["schedule"].state_dict(), folder / "scheduler.bin")
    torch.save({"step": 0, "random_state": states["python"], "numpy_random_seed": states["numpy"],
                "torch_manual_seed": states["torch"]}, folder / "random_states_0.pkl")  # fmt: skip
    torch.save({"step": STEP, "losses": run["losses"]}, folder / "custom_checkpoint_0.pkl")
    return folder


def _dcp(folder: Path) -> Path:
    import torch.distributed.checkpoint as dcp

    run = training()
    state = {
        "model": run["net"].state_dict(), "step": STEP, "loss_history": run["losses"],
        "optim": {
            "state": {n: dict(run["optimizer"].state[p]) for n, p in run["net"].named_parameters()},
            "param_groups": [{"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8,
                              "params": list(NAMES)}],
        },
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save(state, checkpoint_id=str(folder / "d"), no_dist=True)
    return folder / "d"


def _megatron(folder: Path) -> Path:
    run = training()
    inner = folder / f"iter_{STEP:07d}" / "mp_rank_00"
    inner.mkdir(parents=True)
    torch.save({
        "iteration": STEP, "checkpoint_version": 3.0,
        "model": {"language_model": {"encoder": run["net"].state_dict()}},
        "optimizer": {"optimizer": run["optimizer"].state_dict(),
                      "grad_scaler": {"scale": torch.tensor([1024.0])},
                      "fp32_from_fp16_params": [[p.detach() for p in run["net"].parameters()]]},
    }, inner / "model_optim_rng.pt")  # fmt: skip
    (folder / "latest_checkpointed_iteration.txt").write_text(str(STEP))
    return folder


def _deepspeed(folder: Path) -> Path:
    net = training()["net"]
    inner = folder / f"global_step{STEP}"
    inner.mkdir()
    named = list(net.named_parameters())
    torch.save({
        "module": {n: p.detach().half() for n, p in named}, "global_steps": STEP,
        "param_shapes": [{n: p.shape for n, p in named}], "ds_config": {"fp16": {"enabled": True}},
    }, inner / "mp_rank_00_model_states.pt")  # fmt: skip
    flat = torch.cat([p.detach().flatten() for _, p in named])
    half = (len(flat) + 1) // 2
    for rank in range(2):
        part = flat[rank * half : (rank + 1) * half].clone()
        state = {0: {"step": STEP, "exp_avg": part.clone(), "exp_avg_sq": part.square()}}
        torch.save({"optimizer_state_dict": {
            "loss_scaler": {"cur_scale": 2.0, "cur_iter": STEP}, "partition_count": [2],
            "base_optimizer_state": {"state": state, "param_groups": [{"lr": 1e-3}]},
            "single_partition_of_fp32_groups": [part],
        }}, inner / f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")  # fmt: skip
    (folder / "latest").write_text(inner.name)
    return folder


def zero3(folder: Path) -> Path:
    """Write the layout of ZeRO 3 as DeepSpeed 0.19 does: each parameter cut over two ranks."""
    net = training()["net"]
    inner = folder / f"global_step{STEP}"
    inner.mkdir()
    named = list(net.named_parameters())
    for rank in range(2):
        cut = [F.pad(p.detach().flatten(), (0, p.numel() % 2)).chunk(2)[rank] for _, p in named]
        groups = [torch.cat(cut[:2]), torch.cat(cut[2:])]
        slots = {
            n: {"step": torch.tensor(7.0), "exp_avg": g.clone(), "exp_avg_sq": g.square()}
            for n, g in enumerate(groups)
        }
        prefix = f"zero_pp_rank_{rank}_mp_rank_00"
        torch.save({
            "module": {n: torch.empty(0) for n, _ in named}, "global_steps": STEP,
            "param_shapes": [{n: p.shape for n, p in named}],
        }, inner / f"{prefix}_model_states.pt")  # fmt: skip
        torch.save({"optimizer_state_dict": {
            "partition_count": 2, "fp32_flat_groups": groups,
            "optimizer_state_dict": {"state": slots, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        }}, inner / f"bf16_{prefix}_optim_states.pt")  # fmt: skip
    return folder


def _numpy_state() -> dict[str, Any]:
    return {k: v.numpy() for k, v in training()["net"].state_dict().items()}


def _npz(folder: Path) -> Path:
    np.savez_compressed(folder / "c.npz", **_numpy_state())
    return folder / "c.npz"


def _npy(folder: Path) -> Path:
    np.save(folder / "head.weight.npy", _numpy_state()["head.weight"])
    return folder / "head.weight.npy"


def _pickle(folder: Path) -> Path:
    run = training()
    state = run["net"].state_dict()
    mixed = {k: v if k.startswith("head") else v.numpy() for k, v in state.items()}
    (folder / "c.pkl").write_bytes(pickle.dumps({"step": STEP, "model": mixed}))
    return folder / "c.pkl"


WRITERS: dict[str, Callable[[Path], Path]] = {
    "torch": _torch, "torch_legacy": _legacy, "torchscript": _torchscript,
    "safetensors": _safetensors, "safetensors_sharded": _sharded, "hf_trainer": _hf_trainer,
    "peft": _peft, "lightning": _lightning, "accelerate": _accelerate, "dcp": _dcp,
    "megatron": _megatron, "deepspeed": _deepspeed, "npz": _npz, "npy": _npy, "pickle": _pickle,
}  # fmt: skip
