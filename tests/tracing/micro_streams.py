"""Micro-cases of randomness, control flow, hooks, fused layers and other machinery."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.tracing.micro import Fn, case, rows, step

INF = float("inf")


def _zero(index: int) -> torch.Tensor:
    x = rows()
    x[index] = 0
    return x


@case("forward", "div", "", None)
def dropout_empties_a_row() -> Any:
    """The row is the mask's doing: take any sample out and another mask is drawn."""

    def f(self, x):
        h = F.dropout(self.fc(x).abs() + 1, 0.6, training=True)
        return h / h.sum(-1, keepdim=True)  # <- dropout_empties_a_row

    torch.manual_seed(0)
    return step(Fn(f), rows(12), lambda m, b: m(b).mean())


@case("forward", "div", "", [2])
def dropout_elsewhere_does_not_matter() -> Any:
    def f(self, x):
        h = F.dropout(self.fc(x), 0.2, training=True)
        return h.sum() + (x / x.sum(-1, keepdim=True)).sum()  # <- dropout_elsewhere_does_not_matter

    return step(Fn(f), _zero(2), lambda m, b: m(b))


@case("backward", "reciprocal div", "", [2])
def where_guards_only_the_forward_division() -> Any:
    def f(self, x):
        h = self.fc(x).abs() * (x[:, :1] != 0)
        ratio = 1.0 / h  # <- where_guards_only_the_forward_division
        return torch.where(h > 0, ratio, 0.0)

    return step(Fn(f), _zero(2), lambda m, b: m(b).clamp(max=9).mean())


@case("backward", "div log mul", "", [2])
def where_guards_only_the_forward_log() -> Any:
    def f(self, x):
        h = self.fc(x).abs() * (x[:, :1] != 0)
        logs = h.log()  # <- where_guards_only_the_forward_log
        return torch.where(h > 0, logs, 0.0)

    return step(Fn(f), _zero(2), lambda m, b: m(b).mean())


@case("forward", "sub", "", [2])
def maximum_of_all_masked_subtracted() -> Any:
    def f(self, x, keep):
        s = self.fc(x).masked_fill(~keep, -INF)
        e = torch.exp(s - s.amax(-1, keepdim=True))  # <- maximum_of_all_masked_subtracted
        return e / e.sum(-1, keepdim=True)

    keep = torch.ones(5, 4, dtype=torch.bool)
    keep[2] = False
    keep[1, 2:] = False
    return step(Fn(f), (rows(), keep), lambda m, b: m(*b).mean())


@case("forward", "nll_loss_forward", "", None)
def class_weights_are_zero() -> Any:
    weight = torch.tensor([0.0, 1.0, 1.0, 1.0])
    return step(
        Fn(lambda self, x: self.fc(x)), (rows(), torch.zeros(5, dtype=torch.long)),
        lambda m, b: F.cross_entropy(m(b[0]), b[1], weight),  # <- class_weights_are_zero
    )  # fmt: skip


@case("backward", "div sqrt", "", [2])
def anomaly_mode_raises_in_the_step() -> Any:
    def f(self, x):
        return self.fc(x).square().sum(-1).sqrt()  # <- anomaly_mode_raises_in_the_step

    def loss(m, b):
        torch.autograd.set_detect_anomaly(True)
        return m(b).mean()

    model = Fn(f)
    with torch.no_grad():
        model.fc.bias.zero_()
    return step(model, _zero(2), loss)


@case("forward", "log", "", [1])
def control_flow_depends_on_the_nan() -> Any:
    def f(self, x):
        h = torch.log(x)  # <- control_flow_depends_on_the_nan
        for _ in range(3 if torch.isnan(h).any() else 7):
            h = self.fc(h)
        return h

    x = rows().abs() + 0.1
    x[1, 1] = -1
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "div", "tail", [3])
def forward_hook_divides() -> Any:
    class Tail(nn.Module):
        def forward(self, x):
            return x * 2

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4, bias=False)
            self.tail = Tail()
            self.tail.register_forward_hook(
                lambda m, i, out: out / out.sum(-1, keepdim=True)  # <- forward_hook_divides
            )

        def forward(self, x):
            return self.tail(self.fc(x))

    return step(Model(), _zero(3), lambda m, b: m(b).mean())


@case("backward", "div sqrt", "", [2])
def saved_tensors_are_offloaded() -> Any:
    def f(self, x):
        with torch.autograd.graph.save_on_cpu():
            h = (self.fc(x) * (x[:, :1] != 0)).square()
            return h.sum(-1).sqrt()  # <- saved_tensors_are_offloaded

    return step(Fn(f), _zero(2), lambda m, b: m(b).mean())


@case("forward", "log", "head", [1])
def list_of_dicts() -> Any:
    class Head(nn.Module):
        def forward(self, boxes):
            return torch.log(boxes[:, 2:] - boxes[:, :2]).mean()  # <- list_of_dicts

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.head = Head()

        def forward(self, images, targets):
            parts = [
                self.head(t["boxes"]) + self.fc(i).mean()
                for i, t in zip(images, targets, strict=True)
            ]
            return torch.stack(parts)

    targets = [{"boxes": torch.tensor([[0.0, 0, 1, 1 + i]])} for i in range(4)]
    targets[1]["boxes"][0, 2] = 0.0
    batch = {"images": [rows(3, seed=i) for i in range(4)], "targets": targets}
    return step(Model(), batch, lambda m, b: m(b["images"], b["targets"]).mean())


@case("forward", "exp", "", [2])
def vmapped_function() -> Any:
    def f(self, x):
        h = self.fc(x) * 0 + x
        return torch.vmap(lambda row: torch.exp(row).sum())(h)  # <- vmapped_function

    x = rows()
    x[2, 0] = 100
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "div", "enc.norm", [0])
def nested_attribute_functions() -> Any:
    class Norm(nn.Module):
        def unit(self, x):
            return x / x.pow(2).sum(-1, keepdim=True).sqrt()  # <- nested_attribute_functions

        def forward(self, x):
            return self.unit(x)

    class Enc(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4, bias=False)
            self.norm = Norm()

        def forward(self, x):
            return self.norm.forward(self.fc(x))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.enc = Enc()

        def forward(self, x):
            return self.enc(x)

    return step(Model(), _zero(0), lambda m, b: m(b).mean())


@case("forward", "native_layer_norm", "norm", [3])
def layer_norm_without_eps() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4, bias=False)
            self.norm = nn.LayerNorm(4, eps=0.0)

        def forward(self, x):
            return self.norm(self.fc(x))  # <- layer_norm_without_eps

    return step(Model(), _zero(3), lambda m, b: m(b).square().mean())


@case("forward", "_weight_norm_interface div mul", "fc.parametrizations.weight.0", None, line=False)
def weight_norm_of_a_zero_row() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))

        def forward(self, x):
            return self.fc(x)

    model = Model()
    with torch.no_grad():
        model.fc.parametrizations.weight.original1[2] = 0
    return step(model, rows(), lambda m, b: m(b).mean())


@case("optimizer", "addcdiv div", "dead", None, line=False)
def adam_without_eps_on_a_dead_layer() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.dead = nn.Linear(4, 4, bias=False)

        def forward(self, x):
            return self.fc(x) + self.dead(x) * 0

    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), eps=0.0)
    return step(model, rows(), lambda m, b: m(b).mean(), optimizer=optimizer)


@case("optimizer", "addcmul mul", "", None, line=False)
def adam_squares_overflow_half() -> Any:
    model = nn.Sequential(nn.Linear(4, 4)).half()
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.5), eps=1e-4)
    return step(
        model, rows().half().abs() + 1, lambda m, b: m(b).float().sum() * 300, optimizer=optimizer
    )


@case("backward", "div mul", "", None)
def gradient_of_log_softmax_by_hand() -> Any:
    """Every row has a far outlier: exp underflows to 0, its log is guarded, its gradient is not."""

    def f(self, x):
        p = torch.exp(
            self.fc(x) * 0.0 + torch.tensor([0.0, 0.0, 0.0, -200.0]) * self.fc.bias[0].abs()
        )
        logs = torch.log(p)  # <- gradient_of_log_softmax_by_hand
        return logs.clamp(min=-50)

    model = Fn(f)
    with torch.no_grad():
        model.fc.bias[0] = 1.0
    return step(model, rows(), lambda m, b: m(b).mean())


@case("forward", "sqrt", "", [0])
def number_of_rows_equals_width() -> Any:
    """Batch, features and classes all have the same size."""

    def f(self, x):
        return torch.sqrt(self.fc(x) * 0 + x)  # <- number_of_rows_equals_width

    x = rows(4).abs() + 0.1
    x[0, 3] = -1
    return step(Fn(f), (x, torch.arange(4)), lambda m, b: F.cross_entropy(m(b[0]), b[1]))


@case("forward", "mul", "", [1])
def flattened_tokens() -> Any:
    def f(self, x):
        h = self.fc(x).flatten(0, 1)
        w = torch.exp(x.flatten(0, 1)[:, :1])
        return (h * 0 + w) * 1e38  # <- flattened_tokens

    x = torch.zeros(3, 5, 4)
    x[1, 2, 0] = 30.0
    return step(Fn(f), {"x": x, "y": torch.zeros(3, 5)}, lambda m, b: (m(b["x"]) * 1e-38).mean())


@case(None)
def loss_is_clamped_to_finite() -> Any:
    def f(self, x):
        return torch.log(self.fc(x).relu()).clamp(min=-10).detach() * self.fc(x)

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def infinite_distance_is_ignored_by_topk() -> Any:
    def f(self, x):
        d = torch.cdist(self.fc(x), self.fc(x))
        d = d + torch.diag(torch.full((len(x),), INF))
        return d.topk(2, largest=False).values

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def logsumexp_over_masked_scores() -> Any:
    def f(self, x, keep):
        s = self.fc(x) + torch.where(keep, 0.0, -math.inf)
        return torch.logsumexp(s, -1)

    keep = torch.ones(5, 4, dtype=torch.bool)
    keep[2, :2] = False
    return step(Fn(f), (rows(), keep), lambda m, b: m(*b).mean())


@case(None)
def nan_statistics_are_logged_only() -> Any:
    log: list[float] = []

    def f(self, x):
        h = self.fc(x)
        log.append(float((h - h).std() / (h - h).norm()))
        return h

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case("forward", "mul", "")
def infinity_ends_in_zero_and_zero_divides() -> Any:
    """rsqrt(inf) is 0: the product is where it began, the division only where it showed."""

    def f(self, x):
        h = self.fc(x)
        scale = (h * h).mean().rsqrt()  # <- infinity_ends_in_zero_and_zero_divides
        return 1 / (h * scale).abs().sum(-1)

    return step(Fn(f), rows() * 1e20, lambda m, b: m(b).mean())


@case(None)
def infinity_ends_in_zero_and_nothing_divides() -> Any:
    """The same product, and its zero is only added."""

    def f(self, x):
        h = self.fc(x)
        return h + h.detach() * (h * h).detach().mean().rsqrt()

    return step(Fn(f), rows() * 1e20, lambda m, b: m(b).mean() / 1e20)


@case("forward", "log", "", [2])
def as_many_classes_as_samples() -> Any:
    """The weights of the classes are not cut with the samples, whatever they are called."""
    batch = {"x": rows(), "y": torch.tensor([0, 1, 2, 3, 4]), "w": torch.ones(5), "z": rows()}
    batch["z"] = batch["z"].abs() + 0.1
    batch["z"][2, 1] = 0

    def loss(m, b):
        scores = torch.cat([m(b["x"]), m(b["x"])[:, :1]], 1)
        ce = F.cross_entropy(scores, b["y"], weight=b["w"], reduction="none")
        return (ce + b["z"].log().sum(1)).mean()  # <- as_many_classes_as_samples

    return step(nn.Linear(4, 4), batch, loss)


@case("batch", "addmm", "", [3])
def array_with_a_nan() -> Any:
    """The batch is NumPy's: the array is known by its memory."""
    torch.manual_seed(0)
    array = rows().numpy().copy()
    array[3, 1] = float("nan")

    def loss(m, b):
        return m(torch.from_numpy(b["x"])).mean()  # <- array_with_a_nan

    return step(nn.Linear(4, 4), {"x": array}, loss)


@case("forward", "log", "", [2])
def jagged_rows_share_their_lengths() -> Any:
    """Two jagged tensors of the same lengths are cut alike, and can still be added up."""
    parts = [torch.rand(n, 4, generator=torch.Generator().manual_seed(n)) + 0.1 for n in (3, 2, 4)]
    x = torch.nested.nested_tensor(parts, layout=torch.jagged)
    y = torch.nested.nested_tensor_from_jagged(x.values().clone(), x.offsets())
    y.values()[7, 1] = 0

    def loss(m, b):
        return (m(b[0]) + b[1].log()).values().mean()  # <- jagged_rows_share_their_lengths

    return step(nn.Linear(4, 4), (x, y), loss)
