"""A live model gives the same statistics as a checkpoint of it."""

from __future__ import annotations

from pathlib import Path

import torch

from checkpoints.samples import training, tree
from nandoctor.checkpoints import open_checkpoint, scan, scan_model


def test_scan_model_equals_its_checkpoint(tmp_path: Path) -> None:
    """Names, roles and statistics of parameters and optimizer state agree."""
    run = training()
    torch.save(tree(run), tmp_path / "c.pt")
    stored = {t.name: t for t in scan(open_checkpoint(tmp_path / "c.pt")).tensors}
    facts = scan_model(run["net"], run["optimizer"])
    live = {t.name: t for t in facts.tensors if t.role != "gradient"}
    assert live == stored
    assert (facts.format, facts.training.optimizer, facts.training.step) == ("model", "AdamW", 7)


def test_scan_model_measures_gradients_and_buffers() -> None:
    """A NaN gradient and a NaN buffer are found; the model is left as it was."""
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).double()
    net(torch.randn(4, 2).double()).sum().backward()
    gradient = net[0].weight.grad
    assert gradient is not None
    gradient[2, 1] = float("nan")
    net[1].running_mean[0] = float("inf")
    before = [p.detach().clone() for p in net.parameters()]
    found = {t.name: t for t in scan_model(torch.nn.DataParallel(net)).tensors}
    assert found["grad.0.weight"].first_bad == (2, 1)
    assert found["1.running_mean"].num_posinf == 1 and found["1.running_mean"].role == "buffer"
    assert all(torch.equal(p, b) for p, b in zip(net.parameters(), before, strict=True))


def test_scan_model_reads_every_kind_of_tensor() -> None:
    """Half precision, strided, complex, meta and empty parameters are measured in place."""
    net = torch.nn.Module()
    net.fp16 = torch.nn.Parameter(torch.tensor([65504.0, float("nan")]).half())
    net.view = torch.nn.Parameter(torch.arange(12.0).reshape(3, 4).t())
    net.wave = torch.nn.Parameter(torch.tensor([1 + 2j]))
    net.void = torch.nn.Parameter(torch.empty(0))
    net.later = torch.nn.Parameter(torch.empty(3, device="meta"))
    found = {t.name: t for t in scan_model(net).tensors}
    assert (found["fp16"].num_nan, found["fp16"].num_at_limit) == (1, 1)
    assert found["view"].absmax_index == (3, 2) and found["wave"].max == 2.0
    assert found["void"].min is None and found["later"].numel == 3


def test_scan_model_whose_step_counter_is_nan_has_no_step() -> None:
    """A counter spoilt with the rest of the state is no number of steps."""
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(net.parameters())
    optimizer.state[net.bias] = {"step": torch.tensor(float("nan"))}
    assert scan_model(net, optimizer).training.step is None
