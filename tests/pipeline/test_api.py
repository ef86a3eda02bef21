"""The public functions: they give the report of the command and leave no trace."""

import copy
import math
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import nandoctor
from nandoctor.pipeline import compare, follow, inspect_series, triage


class Gate(nn.Module):
    """Takes the log of a gate that may close."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Log of a ReLU: -inf where the gate is closed."""
        return torch.log(torch.relu(self.drop(self.norm(self.proj(x)))))


def mean_square(model: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """A loss that every element reaches."""
    return model(batch).square().mean()


def test_replay_names_the_origin_and_leaves_everything_bit_identical() -> None:
    """Model, buffers, optimizer, batch, RNG states and autocast are as before the call."""
    torch.manual_seed(0)
    model, batch = Gate(), torch.randn(6, 4)
    optimizer = torch.optim.AdamW(model.parameters())
    state, moments = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
    data, rng = batch.clone(), torch.get_rng_state()
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=False):
        report = nandoctor.replay(model, batch, mean_square, optimizer=optimizer)
        assert not torch.is_autocast_enabled("cpu")
    assert report.origin is not None and report.origin.op == "log"
    assert report.origin.source is not None and report.origin.source.file == __file__
    assert report.diagnosis is not None and report.diagnosis.cause == "log_of_zero"
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert optimizer.state_dict() == moments and torch.equal(batch, data)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), rng) and random.getstate() == python_state
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_replay_twice_gives_the_same_report() -> None:
    """Two runs, one report, but for the time they took."""
    torch.manual_seed(0)
    model, batch = Gate(), torch.randn(6, 4)
    first, second = (nandoctor.replay(model, batch, mean_square).to_dict() for _ in range(2))
    for report in (first, second):
        report["timings"] = {}
        for trial in report["trials"]:
            trial["seconds"] = 0
    assert first == second


def test_replay_of_a_healthy_step_claims_nothing() -> None:
    """No origin, no diagnosis, status clean."""
    torch.manual_seed(0)
    report = nandoctor.replay(nn.Linear(3, 2), torch.randn(4, 3), mean_square)
    assert (report.status, report.origin, report.diagnosis) == ("clean", None, None)


@pytest.mark.parametrize(
    ("losses", "pattern"),
    [
        ([2.1, 2.0, 1.9, 8734.5, math.nan], "spike"),
        ([2.1, 2.3, 2.8, 4.5, 12.3, 89.7, math.nan], "exponential"),
        ([2.1, 1.8, 2.5, 1.6, 3.2, 1.4, 5.8, math.nan], "oscillating"),
        ([1.8, 1.7, 1.6, 1.5, 1.4, 87234.5, math.nan], "spike"),
        ([2.1, 2.2, 2.5, 3.1, 4.8, 9.2, 23.5, 156.7, math.nan], "exponential"),
        ([2.0, 1.8, 2.2, 1.6, 2.5, 1.4, 3.2, 1.2, 5.8, math.nan], "oscillating"),
        ([2.1, 2.0, None, 1.9, 1.8, 1.85, 1.7], "healthy"),
    ],
)
def test_classify_of_textbook_series_names_the_pattern(losses: list, pattern: str) -> None:
    """The three series, their exercise twins, and a healthy one with a gap."""
    report = nandoctor.classify(losses)
    assert report.pattern is not None and report.pattern.pattern == pattern
    assert report.forecast is not None


def test_classify_with_steps_speaks_of_those_steps() -> None:
    """Steps are the user's, not the index."""
    losses = [2.1, 2.0, 1.9, 8734.5, math.nan]
    pattern = nandoctor.classify(losses, steps=[10, 20, 30, 40, 50]).pattern
    assert pattern is not None
    assert (pattern.onset_step, pattern.first_nonfinite_step) == (40, 50)


def test_gradient_flow_gives_a_frame_and_a_picture() -> None:
    """One row a parameter in model order; the SVG names them."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    batch = torch.randn(5, 4)
    frame = nandoctor.gradient_flow(model, batch, mean_square)
    mean_square(model, batch).backward()
    assert list(frame.index) == [name for name, _ in model.named_parameters()]
    wanted = [float(p.grad.norm()) for p in model.parameters() if p.grad is not None]
    assert frame["norm"].tolist() == pytest.approx(wanted, rel=1e-5)
    assert frame.attrs["svg"].startswith("<svg") and "0.weight" in frame.attrs["svg"]


def stack(depth: int, activation: type[nn.Module], gain: float = 1.0) -> nn.Module:
    """Return a deep network whose weights are multiplied by a gain."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(depth):
        linear = nn.Linear(16, 16)
        with torch.no_grad():
            linear.weight.mul_(gain)
        layers += [linear, activation()]
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Adds a tanh layer to its input, many times over."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(40))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Every layer keeps a way for the gradient."""
        for layer in self.layers:
            x = x + torch.tanh(layer(x))
        return x


@pytest.mark.parametrize(
    ("model", "first_mark"),
    [
        (stack(40, nn.Sigmoid), "vanishing"), (stack(40, nn.Tanh), "vanishing"),
        (stack(40, nn.ReLU, gain=6.0), "exploding"), (stack(3, nn.Tanh), ""), (Residual(), ""),
    ],
)  # fmt: skip
def test_gradient_flow_marks_vanishing_and_exploding_layers(model: nn.Module, first_mark) -> None:
    """Deep saturating and badly scaled networks; a shallow and a residual one stay unmarked."""
    frame = nandoctor.gradient_flow(model, torch.randn(8, 16), mean_square)
    assert frame["mark"].iloc[0] == first_mark
    assert (first_mark in frame.attrs["svg"]) and (first_mark in frame.picture())
    if not first_mark:
        assert set(frame["mark"]) == {""}


def test_gradient_flow_of_an_attention_key_bias_is_not_vanishing() -> None:
    """Its gradient is 0 but for rounding in every sound model; another bias of 0 is marked."""

    class Attention(nn.Module):
        """One head over three tokens."""

        def __init__(self) -> None:
            super().__init__()
            self.q_proj, self.k_proj, self.dead = (nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """A scaled-down branch beside the attention."""
            scores = self.q_proj(x) @ self.k_proj(x).transpose(-1, -2)
            return scores.softmax(-1) @ x + 1e-12 * self.dead(x)

    frame = nandoctor.gradient_flow(Attention(), torch.randn(2, 3, 4), mean_square)
    assert frame["mark"]["k_proj.bias"] == ""
    assert frame["mark"]["dead.bias"] == "vanishing"


def test_gradient_flow_in_a_notebook_is_picture_and_table_and_a_copy_is_a_plain_frame() -> None:
    """What pandas computes from it, and what is pickled, needs nandoctor no more."""
    frame = nandoctor.gradient_flow(stack(2, nn.Tanh), torch.randn(8, 16), mean_square)
    page = frame._repr_html_()
    assert page.startswith("<svg") and "<table" in page
    again = pickle.loads(pickle.dumps(frame))
    assert type(again) is type(frame.head(1)) is not type(frame)
    assert list(again.index) == list(frame.index)
    assert max(map(len, frame.picture(40).splitlines())) <= 40


def test_report_in_a_notebook_is_its_page() -> None:
    """The HTML report, framed so that its style stays its own."""
    page = nandoctor.classify([1.0, math.nan])._repr_html_()  # type: ignore[attr-defined]
    assert page.startswith("<iframe") and "spike" in page


def save(path: Path, step: int, weight: torch.Tensor, **more: object) -> Path:
    """Write a checkpoint with one weight."""
    torch.save({"step": step, "model_state": {"layer.weight": weight}, **more}, path)
    return path


def test_series_tells_when_a_tensor_turned_bad(tmp_path: Path) -> None:
    """Given in any order, told in the order of steps."""
    bad = torch.tensor([1.0, math.nan])
    paths = [
        save(tmp_path / "c.pt", 30, bad),
        save(tmp_path / "a.pt", 10, torch.ones(2)),
        save(tmp_path / "b.pt", 20, torch.ones(2) * 2),
    ]
    report = inspect_series(paths)
    series = next(s for s in report.series if s.name == "layer.weight")
    assert series.steps == (10, 20, 30)
    assert (series.last_good_step, series.first_bad_step) == (20, 30)
    assert report.status == "found"


def test_compare_sorts_new_nonfinite_before_shape_before_movement(tmp_path: Path) -> None:
    """The worst first, and what only one of them has is named."""
    state = {name: torch.ones(4) for name in ("same", "moved", "bad", "gone")}
    torch.save({"model_state": {**state, "shape": torch.ones(2)}}, tmp_path / "a.pt")
    after = {"same": torch.ones(4), "moved": torch.full((4,), 3.0), "new": torch.ones(1)}
    after |= {"bad": torch.tensor([1.0, 1.0, math.inf, 1.0]), "shape": torch.ones(3)}
    torch.save({"model_state": after}, tmp_path / "b.pt")
    changes = compare(tmp_path / "a.pt", tmp_path / "b.pt").changes
    assert [(c.name, c.kind) for c in changes] == [
        ("bad", "new_nonfinite"), ("gone", "missing"), ("shape", "shape"),
        ("new", "added"), ("moved", "moved"), ("same", "same"),
    ]  # fmt: skip
    assert changes[4].moved == pytest.approx(2.0)


def test_triage_of_a_directory_reports_one_file_each(tmp_path: Path) -> None:
    """A healthy job and a dead one."""
    lines = [f"step {i} loss {2 - i * 0.01:.3f}" for i in range(30)]
    (tmp_path / "good.log").write_text("\n".join(lines) + "\n")
    dead = [*lines, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"]
    (tmp_path / "dead.log").write_text("\n".join(dead) + "\n")
    report = triage([tmp_path])
    status = {
        Path(f.inputs[0]).name: (f.status, [x.cause for x in f.findings]) for f in report.files
    }
    assert status == {"good.log": ("clean", []), "dead.log": ("found", ["out_of_memory"])}


def test_follow_yields_new_rows_and_tells_the_alarm_once(tmp_path: Path) -> None:
    """The log grows between two looks; rows that were seen are not fed again."""
    path, rows = tmp_path / "metrics.csv", [f"{i},{1.0 + 0.01 * (i % 3)}" for i in range(60)]
    path.write_text("step,loss\n" + "\n".join(rows) + "\n")
    grown = [f"{60 + i},{1.5**i * 2}" for i in range(20)]

    def grow(_: float) -> None:
        with path.open("a") as file:
            file.write("\n".join(grown) + "\n")

    looks = follow(path, sleep=grow)
    calm, loud = next(looks), next(looks)
    assert (len(calm.history), calm.alarms) == (60, ())
    assert len(loud.history) == 80 and len(loud.alarms) == 1 and loud.alarms[0] >= 60


def test_replay_finds_a_finite_bit_flip_in_the_live_model() -> None:
    """One weight far out of its family overflows; the repair of that element proves it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))
    with torch.no_grad():
        model[2].weight[0, 3] = 1e30
    report = nandoctor.replay(model, torch.randn(6, 8), mean_square)
    assert report.diagnosis is not None
    assert (report.diagnosis.cause, report.diagnosis.grade.name) == ("bad_parameter", "verified")


def test_replay_with_a_nan_that_nothing_reads_notes_it_and_stays_clean() -> None:
    """The look-alike: an unused head is no fault."""
    torch.manual_seed(0)
    model = nn.ModuleDict({"body": nn.Linear(8, 2), "unused": nn.Linear(8, 2)})
    with torch.no_grad():
        model["unused"].weight[0, 0] = math.nan
    report = nandoctor.replay(
        model, torch.randn(6, 8), lambda net, batch: net["body"](batch).square().mean()
    )
    assert (report.status, report.diagnosis) == ("clean", None)
    assert [f.severity for f in report.findings if f.cause == "bad_parameter"] == ["note"]


def test_inspect_with_a_filter_shows_those_tensors_in_the_order_asked_for(tmp_path: Path) -> None:
    """Healthy tensors too, the largest first; an unknown key is one clear error."""
    state = {"a.weight": torch.ones(4), "b.weight": torch.ones(9) * 3, "c.bias": torch.ones(1)}
    torch.save({"model_state": state}, tmp_path / "a.pt")
    report = nandoctor.inspect_checkpoint(tmp_path / "a.pt", name_filter="*.weight", sort="l2")
    assert [tensor.name for tensor in report.tensors] == ["b.weight", "a.weight"]
    with pytest.raises(nandoctor.NandoctorError, match="no sort key 'size'"):
        nandoctor.inspect_checkpoint(tmp_path / "a.pt", sort="size")
