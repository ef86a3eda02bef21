"""Micro-cases of bad leaves (batch, parameters, buffers, optimizer state) and of look-alikes."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.tracing.micro import Fn, case, rows, step

NAN, INF = float("nan"), float("inf")


@case("batch", "mse_loss", "", [3])
def nan_target() -> Any:
    x, y = rows(), rows(seed=2)
    y[3, 1] = NAN
    return step(
        Fn(lambda self, x: self.fc(x)), (x, y),
        lambda m, b: F.mse_loss(m(b[0]), b[1]),  # <- nan_target
    )  # fmt: skip


@case("batch", "mse_loss", "", [1])
def minus_inf_target() -> Any:
    x, y = rows(), rows(seed=2)
    y[1, 0] = -INF
    return step(
        Fn(lambda self, x: self.fc(x)), (x, y),
        lambda m, b: F.mse_loss(m(b[0]), b[1]),  # <- minus_inf_target
    )  # fmt: skip


@case("batch", "addmm", "enc.0", [2])
def half_cast_of_a_bad_input() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.enc = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x):
            return self.enc(x.to(torch.bfloat16))  # <- half_cast_of_a_bad_input

    x = rows()
    x[2, 2] = INF
    return step(Model().bfloat16(), {"x": x}, lambda m, b: m(b["x"]).float().mean())


@case("parameters", "embedding", "emb", [1])
def embedding_row_of_one_sample() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.emb = nn.Embedding(9, 4)
            self.fc = nn.Linear(4, 2)

        def forward(self, ids):
            return self.fc(self.emb(ids))  # <- embedding_row_of_one_sample

    model = Model()
    with torch.no_grad():
        model.emb.weight[7] = NAN
    ids = torch.tensor([[1, 2], [3, 7], [0, 4], [5, 5]])
    return step(model, ids, lambda m, b: m(b).mean())


@case("parameters", "addmm", "fc", None)
def parameter_read_by_a_dead_branch_first() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.seen = None

        def forward(self, x):
            self.seen = self.fc.weight.detach().square().sum()
            return self.fc(x)  # <- parameter_read_by_a_dead_branch_first

    model = Model()
    with torch.no_grad():
        model.fc.weight[0, 0] = NAN
    return step(model, rows(), lambda m, b: m(b).mean())


@case("parameters", "native_batch_norm", "bn", None)
def negative_running_variance() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.bn = nn.BatchNorm1d(4)

        def forward(self, x):
            return self.bn(self.fc(x))  # <- negative_running_variance

    model = Model().eval()
    model.bn.running_var[1] = -0.5
    return step(model, rows(), lambda m, b: m(b).mean())


@case("parameters", "mul", "", None)
def plain_attribute_table() -> Any:
    def f(self, x):
        return self.fc(x) * self.table  # <- plain_attribute_table

    model = Fn(f)
    model.table = torch.tensor([1.0, NAN, 1.0, 1.0])
    return step(model, rows(), lambda m, b: m(b).mean())


@case("parameters", "mul", "norm", None)
def layer_scale_is_inf() -> Any:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gamma = nn.Parameter(torch.ones(4))

        def forward(self, x):
            return x * self.gamma  # <- layer_scale_is_inf

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.norm = Scale()

        def forward(self, x):
            return self.norm(self.fc(x))

    model = Model()
    with torch.no_grad():
        model.norm.gamma[2] = INF
    return step(model, rows(), lambda m, b: m(b).mean())


def _stepped(name: str, **options: Any) -> Any:
    model = nn.Sequential()
    torch.manual_seed(0)
    model.add_module("a", nn.Linear(4, 4))
    model.add_module("b", nn.Linear(4, 2))
    optimizer = getattr(torch.optim, name)(model.parameters(), **options)
    model(rows()).mean().backward()
    optimizer.step()
    optimizer.zero_grad()
    return model, optimizer


@case("optimizer", "sqrt", "b", None, line=False)
def adam_negative_second_moment() -> Any:
    model, optimizer = _stepped("Adam", lr=1e-3)
    optimizer.state[model.b.weight]["exp_avg_sq"][0, 0] = -1.0
    return step(model, rows(), lambda m, b: m(b).mean(), optimizer=optimizer)


@case("optimizer", "mul add lerp", "a", None, line=False)
def sgd_momentum_is_nan() -> Any:
    model, optimizer = _stepped("SGD", lr=1e-3, momentum=0.9)
    optimizer.state[model.a.bias]["momentum_buffer"][1] = NAN
    return step(model, rows(), lambda m, b: m(b).mean(), optimizer=optimizer)


@case("optimizer", "lerp mul add", "b", None, line=False)
def adamw_first_moment_is_inf() -> Any:
    model, optimizer = _stepped("AdamW", lr=1e-3)
    optimizer.state[model.b.weight]["exp_avg"][1, 1] = INF
    return step(model, rows(), lambda m, b: m(b).mean(), optimizer=optimizer)


@case("optimizer", "mul", "", None)
def update_overflows_in_a_hand_written_optimizer() -> Any:
    class Plain(torch.optim.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, {})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.sub_(p.grad * 1e30 * 1e30)  # <- update_overflows_in_a_hand_written_optimizer

    model, _ = _stepped("SGD", lr=1.0)
    return step(model, rows(), lambda m, b: m(b).mean(), optimizer=Plain(model.parameters()))


@case(None)
def embedding_row_is_nan_but_unused() -> Any:
    model = Fn(lambda self, ids: self.fc(self.emb(ids)))
    model.emb = nn.Embedding(9, 4)
    with torch.no_grad():
        model.emb.weight[7] = NAN
    optimizer = torch.optim.Adam(model.parameters())
    ids = torch.tensor([[1, 2], [3, 4]])
    return step(model, ids, lambda m, b: m(b).mean(), optimizer=optimizer)


@case(None)
def nan_feature_replaced() -> Any:
    x = rows()
    x[1, 1] = NAN
    return step(Fn(lambda self, x: self.fc(x.nan_to_num())), x, lambda m, b: m(b).mean())


@case(None)
def log_of_zero_not_selected() -> Any:
    x = rows().abs()
    x[0, 0] = 0

    def f(self, x):
        return self.fc(torch.where(x > 0, x.log(), 0.0))

    return step(Fn(f), x, lambda m, b: m(b).mean())


@case(None)
def min_over_plus_inf_and_exp_of_minus_inf() -> Any:
    def f(self, x):
        d = torch.cdist(self.fc(x), self.fc(x)).masked_fill(torch.eye(len(x)).bool(), INF)
        return d.min(-1).values + torch.exp(-d).sum(-1)

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def frozen_branch_is_nan_under_no_grad() -> Any:
    def f(self, x):
        with torch.no_grad():
            ratio = (x - x) / (x - x)
            weight = torch.isnan(ratio).float()
        return self.fc(x) * weight

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def uninitialised_workspace() -> Any:
    def f(self, x):
        out = torch.empty(len(x), 4).fill_(NAN)
        out[:, :2] = self.fc(x)[:, :2]
        return out[:, :2]

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def finfo_min_masks_added_in_half() -> Any:
    def f(self, x, keep):
        low = torch.finfo(torch.float16).min
        mask = (~keep).half() * low
        return ((self.fc(x) - 30) + mask + mask).softmax(-1).float()

    keep = torch.ones(5, 4, dtype=torch.bool)
    keep[1, 2:] = False
    return step(Fn(f).half(), (rows().half(), keep), lambda m, b: m(*b).square().mean())
