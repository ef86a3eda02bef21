"""Micro-cases whose loss is bad: loops, views, masks, coupling, exceptions, decoys."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.tracing.micro import Fn, case, rows, step


@case("forward", "log", "head", [3])
def inplace_on_slice() -> Any:
    def f(self, x):
        y = self.fc(x).exp() + 0.0
        y = y * (x[:, :1] != 0)
        y[:, 1].log_()  # <- inplace_on_slice
        return y

    x = rows()
    x[3, 0] = 0
    model = nn.Sequential()
    model.add_module("body", nn.Linear(4, 4))
    model.add_module("head", Fn(f))
    with torch.no_grad():
        model.body.weight.copy_(torch.eye(4))
        model.body.bias.zero_()
    return step(model, x, lambda m, b: m(b).sum())


@case("forward", "div", "", [1, 4])
def loop_over_samples() -> Any:
    def f(self, x, n):
        out = []
        for row, k in zip(self.fc(x), n, strict=True):
            out.append(row[:k].sum() / k)  # <- loop_over_samples
        return torch.stack(out)

    batch = {"x": rows(), "n": torch.tensor([2, 0, 3, 4, 0])}
    return step(Fn(f), batch, lambda m, b: m(b["x"], b["n"]).mean())


@case("forward", "log", "", [2])
def decoy_in_the_same_tensor() -> Any:
    """A dead -inf in one row of a tensor hides the live one that a later op makes in another."""

    def f(self, x):
        h = self.fc(x) * 0 + x
        h = torch.log(h.abs()) * (x[:, :1] > -50)
        kept = h[x[:, 0] > 0].clamp(min=0.1)
        return torch.log(kept[:, 0] - 0.1)  # <- decoy_in_the_same_tensor

    x = rows().abs() + 1.2
    x[0] = 0
    x[2] = 1e-3
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "_softmax softmax _safe_softmax", "attn", [2])
def multihead_attention_padding() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
            self.fc = nn.Linear(8, 2)

        def forward(self, x, pad):
            h, _ = self.attn(x, x, x, key_padding_mask=pad)  # <- multihead_attention_padding
            return self.fc(h)

    pad = torch.zeros(4, 5, dtype=torch.bool)
    pad[2] = True
    pad[1, 3:] = True
    x = torch.randn(4, 5, 8, generator=torch.Generator().manual_seed(1))
    return step(Model(), {"x": x, "pad": pad}, lambda m, b: m(b["x"], b["pad"]).square().mean())


@case("forward", "sum", "", [1, 3])
def coupled_pair_overflows() -> Any:
    """Two large rows overflow together; neither does so alone."""

    def f(self, x):
        return (self.fc(x) * 0 + x).sum(0)  # <- coupled_pair_overflows

    x = rows()
    x[1, 0] = x[3, 0] = 2e38
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "log", "", [1])
def contrast_with_the_others_only() -> Any:
    """A batch of one fails for a reason of its own; the truth is the sample with a zero weight."""

    def f(self, x, w):
        sims = torch.exp(self.fc(x) @ self.fc(x).T * 0.1) * (1 - torch.eye(len(x)))
        return torch.log(sims.sum(1) * w)  # <- contrast_with_the_others_only

    weights = torch.tensor([1.0, 0.0, 1.0, 1.0, 1.0])
    return step(Fn(f), (rows(), weights), lambda m, b: m(*b).mean())


@case("forward", "sqrt", "norm", [1])
def shared_module_second_call() -> Any:
    class Root(nn.Module):
        def forward(self, x):
            return torch.sqrt(x)  # <- shared_module_second_call

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.norm = Root()

        def forward(self, x, y):
            return self.norm(self.fc(x).square() + 1) + self.norm(y * self.fc.weight.sum().abs())

    y = rows(seed=3).abs() + 0.1
    y[1, 2] = -1
    return step(Model(), {"x": rows(), "y": y}, lambda m, b: m(b["x"], b["y"]).mean())


@case("forward", "pow", "", [0])
def negative_base_fractional_power() -> Any:
    def f(self, x):
        return (x + self.fc(x) * 0) ** 0.7  # <- negative_base_fractional_power

    x = rows().abs() + 0.1
    x[0, 1] = -0.5
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "div", "", None)
def integer_count_zero() -> Any:
    def f(self, x, mask):
        return (self.fc(x) * mask[:, None]).sum() / mask.sum()  # <- integer_count_zero

    batch = (rows(), torch.zeros(5, dtype=torch.long))
    return step(Fn(f), batch, lambda m, b: m(*b))


@case("forward", "log", "enc", [3])
def raises_on_nan_input() -> Any:
    """binary_cross_entropy refuses NaN with an exception: the NaN is the fault, not the refusal."""

    class Enc(nn.Module):
        def forward(self, x):
            return torch.log(x)  # <- raises_on_nan_input

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.enc = Enc()
            self.fc = nn.Linear(4, 1)

        def forward(self, x):
            return torch.sigmoid(self.fc(self.enc(x)))

    x = rows().abs() + 0.1
    x[3, 0] = -1
    return step(Model(), x, lambda m, b: F.binary_cross_entropy(m(b), torch.ones(len(b), 1)))


@case("forward", "exp", "", [2])
def through_index_and_cat() -> Any:
    def f(self, x):
        e = torch.exp(x)  # <- through_index_and_cat
        parts = [e[i : i + 1] for i in range(len(x))]
        return self.fc(torch.cat(parts[::-1])[torch.tensor([2, 1, 0])])

    x = rows()
    x[2, 3] = 200
    return step(Fn(f), x, lambda m, b: m(b).sum())


@case("forward", "mm addmm", "", [1])
def autocast_matmul_overflow() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.w = nn.Parameter(torch.ones(4, 4) * 100)

        def forward(self, x):
            with torch.autocast("cpu", dtype=torch.float16):
                return x @ self.w  # <- autocast_matmul_overflow

    x = rows()
    x[1] = 400
    return step(Model(), x, lambda m, b: m(b).float().mean())


@case("forward", "_to_copy", "cast", [0])
def cast_to_half_overflows() -> Any:
    class Cast(nn.Module):
        def forward(self, x):
            return x.half()  # <- cast_to_half_overflows

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.cast = Cast()

        def forward(self, x):
            return self.cast(self.fc(x)).float()

    x = rows()
    x[0] = 1e6
    return step(Model(), x, lambda m, b: m(b).mean())


@case("forward", "div", "b", [1])
def two_live_sources_first_leads() -> Any:
    class A(nn.Module):
        def forward(self, x):
            return x / x.sum(-1, keepdim=True)  # <- two_live_sources_first_leads

    class B(nn.Module):
        def forward(self, x):
            return torch.log(x)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4)
            self.b = A()
            self.a = B()

        def forward(self, x, y):
            return self.b(x).sum() + self.a(y).sum() + self.fc(x).sum()

    x, y = rows().abs(), rows().abs()
    x[1] = 0
    y[1, 0] = 0
    return step(Model(), (x, y), lambda m, b: m(*b))


@case("forward", "mean", "", [2])
def inf_target_of_masked_logit() -> Any:
    """The target of one sample is a masked class: its -inf is meant, taking its mean is not."""

    def f(self, x, y, allowed):
        logits = self.fc(x).masked_fill(~allowed, float("-inf"))
        picked = logits.log_softmax(-1).gather(1, y[:, None])
        return -picked.mean()  # <- inf_target_of_masked_logit

    allowed = torch.ones(5, 4, dtype=torch.bool)
    allowed[2, 1] = False
    batch = (rows(), torch.tensor([0, 1, 1, 2, 3]), allowed)
    return step(Fn(f), batch, lambda m, b: m(*b))


@case("forward", "nll_loss_forward", "", [2])
def cross_entropy_of_masked_logit() -> Any:
    def f(self, x, y, allowed):
        logits = self.fc(x).masked_fill(~allowed, float("-inf"))
        return F.cross_entropy(logits, y)  # <- cross_entropy_of_masked_logit

    allowed = torch.ones(5, 4, dtype=torch.bool)
    allowed[2, 1] = False
    batch = (rows(), torch.tensor([0, 1, 1, 2, 3]), allowed)
    return step(Fn(f), batch, lambda m, b: m(*b))


@case("forward", "addmm mm", "fc2", [0])
def overflow_inside_sequential() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc1, self.fc2 = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.fc2(self.fc1(x))  # <- overflow_inside_sequential

    x = rows()
    x[0] = 3e4
    model = Model().half()
    with torch.no_grad():
        model.fc2.weight.fill_(9.0)
    return step(model, x.half(), lambda m, b: m(b).float().mean())


@case("forward", "div", "", [1])
def time_first_batch() -> Any:
    def f(self, x):
        h = self.fc(x)
        return h / x.abs().amax((0, 2), keepdim=True)  # <- time_first_batch

    x = torch.randn(7, 3, 4, generator=torch.Generator().manual_seed(0))
    x[:, 1] = 0
    return step(Fn(f), {"x": x, "y": torch.zeros(3)}, lambda m, b: m(b["x"]).mean() + b["y"].sum())


@case("forward", "var", "", None)
def variance_over_a_batch_of_one() -> Any:
    def f(self, x):
        return self.fc(x).var(0)  # <- variance_over_a_batch_of_one

    return step(Fn(f), rows(1), lambda m, b: m(b).sum())


@case("forward", "log", "", [1])
def coupled_outlier() -> Any:
    def f(self, x):
        scale = x[:, 0].max() - 5.0
        return self.fc(x).sum() + torch.log(10 - scale.exp())  # <- coupled_outlier

    x = rows()
    x[1, 0] = 9
    return step(Fn(f), x, lambda m, b: m(b))


@case("forward", "add", "", [3])
def residual_overflow_half() -> Any:
    def f(self, x):
        h = self.fc(x) * 0 + x
        return (h + h).float()  # <- residual_overflow_half

    x = rows()
    x[3, 2] = 6e4
    return step(Fn(f).half(), x.half(), lambda m, b: m(b).mean())


@case("forward", "log", "", [2])
def zero_times_mask_from_log() -> Any:
    def f(self, x, keep):
        scores = self.fc(x) + keep.float().log()
        p = scores.softmax(-1)
        return (p * p.log()).sum()  # <- zero_times_mask_from_log

    keep = torch.ones(5, 4, dtype=torch.bool)
    keep[2, 0] = False
    return step(Fn(f), (rows(), keep), lambda m, b: m(*b))


@case("forward", "addmm mm", "rnn", None, line=False)
def lstm_diverges_by_its_weights() -> Any:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.rnn = nn.RNN(4, 4, nonlinearity="relu", batch_first=True)
            with torch.no_grad():
                self.rnn.weight_hh_l0.copy_(torch.eye(4) * 1e8)
                self.rnn.bias_hh_l0.fill_(1e8)

        def forward(self, x):
            return self.rnn(x)[0]

    x = torch.rand(3, 8, 4, generator=torch.Generator().manual_seed(0))
    return step(Model(), x, lambda m, b: m(b).mean())


@case("forward", "sqrt", "", [2])
def custom_function_forward() -> Any:
    class Root(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sqrt()  # <- custom_function_forward

        @staticmethod
        def backward(ctx, grad):
            return grad

    def f(self, x):
        return Root.apply(self.fc(x) * 0 + x)

    x = rows().abs() + 0.1
    x[2, 0] = -1
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("forward", "reciprocal div", "", [4])
def complex_division() -> Any:
    def f(self, x):
        z = torch.view_as_complex(self.fc(x).reshape(len(x), 2, 2)) * (x[:, :2] != 0)
        return (z / z.abs()).abs()  # <- complex_division

    x = rows()
    x[4, 0] = 0
    return step(Fn(f), x, lambda m, b: m(b).mean())
