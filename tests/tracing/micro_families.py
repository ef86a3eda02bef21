"""Micro-cases of well-known families: second and third ways to make the same mistake."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from tests.tracing.micro import Fn, case, rows, step

NAN, INF = float("nan"), float("inf")


def _mean(model: Any, batch: Any) -> torch.Tensor:
    return model(batch).square().mean()


@case("parameters", "addmm mm mkldnn_rnn_layer", "rnn", None, line=False)
def lstm_weight_is_nan() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.rnn = nn.LSTM(4, 4, num_layers=2, batch_first=True)

        def forward(self, x):
            return self.rnn(self.fc(x))[0]

    model = Model()
    with torch.no_grad():
        model.rnn.weight_ih_l1[3, 2] = NAN
    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    return step(model, x, _mean)


@case("forward", "convolution mkldnn_convolution _slow_conv2d_forward", "conv", [1], line=False)
def convolution_overflows_half() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return torch.tanh(self.conv(x)) * self.conv(x)

    x = torch.rand(3, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    x[1] = 6e4
    model = Model().half()
    with torch.no_grad():
        model.conv.weight.abs_()
    return step(model, x.half(), lambda m, b: m(b).float().mean())


@case("batch", "mul", "b", [3])
def nan_feature_read_safely_and_then_not() -> Any:
    class Safe(nn.Module):
        def forward(self, x):
            return torch.where(torch.isnan(x), 0.0, x * 2)

    class Unsafe(nn.Module):
        def forward(self, x):
            return x * 3  # <- nan_feature_read_safely_and_then_not

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.a, self.b, self.fc = Safe(), Unsafe(), nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(self.a(x)).mean() + self.fc(self.b(x)).mean()

    x = rows()
    x[3, 1] = NAN
    return step(Model(), x, lambda m, b: m(b))


@case("parameters", "addmm", "blocks.1.0", None)
def parameter_under_sequential_checkpoint() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.stem = nn.Linear(4, 4)
            self.blocks = nn.Sequential(
                *(nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(4))
            )

        def forward(self, x):
            return checkpoint_sequential(  # <- parameter_under_sequential_checkpoint
                self.blocks, 2, self.stem(x), use_reentrant=False
            )

    model = Model()
    with torch.no_grad():
        model.blocks[1][0].bias[2] = NAN
    return step(model, rows(), _mean)


@case("optimizer", "sqrt", "", None, line=False)
def centered_rmsprop_state_is_inconsistent() -> Any:
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    optimizer = torch.optim.RMSprop(model.parameters(), centered=True)
    _mean(model, rows()).backward()
    optimizer.step()
    optimizer.state[model.weight]["grad_avg"][1, 1] = 50.0
    return step(model, rows(), _mean, optimizer=optimizer)


@case("optimizer", "sqrt", "1", None, line=False)
def adagrad_sum_is_negative() -> Any:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3))
    optimizer = torch.optim.Adagrad(model.parameters())
    optimizer.state[model[1].bias]["sum"][0] = -9.0
    return step(model, rows(), _mean, optimizer=optimizer)


@case("forward", "log", "", [4])
def bad_input_that_is_masked_beside_a_live_log() -> Any:
    def f(self, x, aux, keep):
        h = self.fc(x) + torch.where(keep[:, None], aux, 0.0)
        return h.mean() + x[:, 0].log().mean()  # <- bad_input_that_is_masked_beside_a_live_log

    x, aux = rows().abs() + 0.1, rows(seed=2)
    aux[1] = NAN
    x[4, 0] = 0
    keep = torch.tensor([True, False, True, True, True])
    return step(Fn(f), {"x": x, "aux": aux, "keep": keep}, lambda m, b: m(*b.values()))


@case("backward", "pow mul", "", [2])
def focal_loss_of_a_sure_sample() -> Any:
    def f(self, x):
        p = torch.sigmoid(self.fc(x) * 0.0 + x * self.fc.bias[0])
        w = (1 - p) ** 0.5  # <- focal_loss_of_a_sure_sample
        return -(w * torch.log(p.clamp(min=1e-6)))

    x = rows()
    x[2, 0] = 200.0
    model = Fn(f)
    with torch.no_grad():
        model.fc.bias[0] = 1.0
    return step(model, x, lambda m, b: m(b).mean())


@case("forward", "div", "cell", [1])
def recurrent_loop_of_one_cell() -> Any:
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4, bias=False)

        def forward(self, x, h):
            g = self.fc(x).abs() + h
            return g / g.sum(-1, keepdim=True)  # <- recurrent_loop_of_one_cell

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = Cell()

        def forward(self, x):
            h = torch.zeros(len(x), 4)
            for t in range(x.shape[1]):
                h = self.cell(x[:, t], h * (t != 2))
            return h

    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    x[1, 2] = 0
    return step(Model(), x, lambda m, b: m(b)[:, 0].mean())


@case("forward", "div", "", None)
def mean_of_segments_without_members() -> Any:
    def f(self, x, segment):
        h = self.fc(x)
        total = torch.zeros(len(x), 4).index_add(0, segment, h)
        count = torch.zeros(len(x)).index_add(0, segment, torch.ones(len(x)))
        return (total / count[:, None])[:3]  # <- mean_of_segments_without_members

    segment = torch.tensor([0, 1, 1, 3, 4])
    return step(Fn(f), (rows(), segment), lambda m, b: m(*b).mean())


@case("backward", "div", "", [1])
def norm_in_reentrant_function() -> Any:
    def unit(x):
        norm = (x * x).sum(-1, keepdim=True).sqrt()  # <- norm_in_reentrant_function
        return x / norm.clamp(min=1e-6)

    def f(self, x):
        return checkpoint(unit, self.fc(x) * (x[:, :1] != 0), use_reentrant=True)

    x = rows()
    x[1] = 0
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "div", "", [0])
def division_in_no_grad_teacher() -> Any:
    def f(self, x):
        with torch.no_grad():
            target = x / x.norm(dim=-1, keepdim=True)  # <- division_in_no_grad_teacher
        return (self.fc(x) - target).square()

    x = rows()
    x[0] = 0
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("backward", "sqrt div", "", [3])
def norm_in_a_compiled_region_of_a_lambda() -> Any:
    norm = lambda z: torch.sqrt((z * z).sum(1))  # noqa: E731  # <- norm_in_a_compiled_region_of_a_lambda
    model = Fn(lambda self, x: norm(x * self.fc.weight[0]))
    x = rows()
    x[3] = 0
    return step(model, x, lambda m, b: m(b).mean())


@case(None)
def encoder_layer_with_a_fully_padded_sample() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

        def forward(self, x, pad):
            return self.layer(x, src_key_padding_mask=pad)

    pad = torch.zeros(3, 4, dtype=torch.bool)
    pad[1] = True
    x = torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(0))
    return step(Model(), (x, pad), lambda m, b: m(*b).square().mean())


@case(None)
def double_where_is_safe() -> Any:
    def f(self, x):
        h = self.fc(x).relu()
        safe = torch.where(h > 0, h, 1.0)
        return torch.where(h > 0, safe.sqrt(), 0.0)

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def library_norms_at_zero() -> Any:
    def f(self, x):
        h = self.fc(x) * 0
        parts = [h.norm(dim=-1), F.cosine_similarity(h, h, dim=-1), torch.linalg.norm(h, dim=-1)]
        return torch.stack(
            [*parts, F.normalize(h, dim=-1).sum(-1), torch.pdist(h).mean().expand(5)]
        )

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def products_with_zeros() -> Any:
    def f(self, x):
        h = self.fc(x) * (x > 0)
        return h.cumprod(-1).sum(-1) + h.prod(-1)

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def missing_values_are_nan_aware() -> Any:
    x = rows()
    x[1, 2] = NAN

    def f(self, x):
        center = x.nanmean(0)
        filled = torch.where(torch.isnan(x), center, x)
        return self.fc(filled)

    return step(Fn(f), x, _mean)


@case(None)
def running_maximum_starts_at_minus_infinity() -> Any:
    def f(self, x):
        best = torch.full((len(x),), -INF)
        for column in self.fc(x).unbind(-1):
            best = torch.maximum(best, column)
        return best

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def online_softmax_with_infinite_start() -> Any:
    """Flash-style accumulation: exp(-inf - m) is 0 in the first block."""

    def f(self, x):
        scores = self.fc(x)
        m, total = torch.full((len(x), 1), -INF), torch.zeros(len(x), 1)
        for block in scores.split(2, -1):
            new = torch.maximum(m, block.amax(-1, keepdim=True))
            total = total * torch.exp(m - new) + torch.exp(block - new).sum(-1, keepdim=True)
            m = new
        return m + total.log()

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case(None)
def viterbi_style_forbidden_transitions() -> Any:
    def f(self, x):
        transitions = torch.zeros(4, 4).masked_fill(torch.eye(4).bool(), -INF)
        alpha = self.fc(x)
        for _ in range(3):
            alpha = torch.logsumexp(alpha.unsqueeze(2) + transitions, 1)
        return torch.logsumexp(alpha, -1)

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case("forward", "where", "", [1])
def log_of_a_negative_determinant() -> Any:
    def f(self, x):
        return torch.logdet(x * self.fc.weight[0, 0].abs())  # <- log_of_a_negative_determinant

    matrices = torch.eye(4).repeat(3, 1, 1)
    matrices[1, 0, 0] = -1.0
    return step(Fn(f), matrices, lambda m, b: m(b).mean())


@case("batch", "pow", "", [2])
def infinite_target_under_a_hand_written_square() -> Any:
    def f(self, x, y):
        return (y - self.fc(x)) ** 2  # <- infinite_target_under_a_hand_written_square

    y = rows(seed=2)
    y[2, 1] = INF
    return step(Fn(f), {"x": rows(), "y": y}, lambda m, b: m(b["x"], b["y"]).mean())


@case("forward", "native_batch_norm", "norm", None)
def frozen_norm_of_a_dead_channel_without_eps() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.norm = nn.BatchNorm1d(4, eps=0.0).eval()

        def forward(self, x):
            return self.norm(x)  # <- frozen_norm_of_a_dead_channel_without_eps

    model = Model()
    model.norm.running_var[1] = 0.0
    return step(model, rows(), _mean)
