"""What an observation says besides the origin's name: operands, ways, figures, places, notes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nandoctor.errors import ReplayError
from nandoctor.findings import Report
from nandoctor.reports import RENDERERS
from nandoctor.target import ReplayTarget
from nandoctor.tracing import observe
from tests.tracing import micro_backward, micro_forward, micro_leaves, micro_streams  # noqa: F401
from tests.tracing.micro import CASES, Fn, rows, step

pytestmark = pytest.mark.filterwarnings("ignore")


def test_operands_carry_offending_values_and_their_makers():
    """A quotient by a zero spread: the zero, where it stands and what made it."""

    def f(self, x):
        h = self.fc(x) * 0 + x
        return (h - h.mean(-1, keepdim=True)) / h.std(-1, keepdim=True)

    x = rows()
    x[3] = 0.25
    origin = observe(step(Fn(f), x, lambda m, b: m(b).mean())).origin
    assert origin is not None
    denominator = origin.inputs[1]
    assert denominator.offending == (0.0,)
    assert denominator.indices == ((3, 0),)
    assert denominator.made_by[0] == "std"
    assert all(value != value for value in origin.outputs[0].offending)


def test_reduction_shows_the_elements_that_were_reduced():
    """An fp16 sum: the largest elements of the row that overflowed."""

    def f(self, x):
        return (self.fc(x) * 0 + x).sum(-1).float()

    x = rows().half()
    x[1] = 4e4
    origin = observe(step(Fn(f).half(), x, lambda m, b: m(b).mean())).origin
    assert origin is not None
    assert {index[0] for index in origin.inputs[0].indices} == {1}
    assert origin.inputs[0].offending[0] == pytest.approx(4e4, rel=1e-3)


def test_backward_origin_shows_forward_inputs_arguments_and_consumers():
    """A root behind a where: argument zero, exponent, and the where that comes too late."""

    def f(self, x):
        h = self.fc(x).abs() * (x[:, :1] != 0)
        return torch.where(h > 0, h**0.5, 0.0)

    x = rows()
    x[2] = 0
    origin = observe(step(Fn(f), x, lambda m, b: m(b).mean())).origin
    assert origin is not None
    assert origin.forward_op == "pow"
    assert origin.forward_inputs[0].offending == (0.0,) * 4
    assert origin.arguments["exponent"] == 0.5
    assert any(item.endswith(": where") for item in origin.consumers)
    assert "fc.weight" in origin.reaches
    assert origin.path_to_loss[-1].startswith("fc: ")


def test_numerics_show_rows_without_a_key_around_the_origin():
    """The softmax layer that had nothing to attend to is among the figures."""
    facts = observe(CASES["multihead_attention_padding"].build())
    attention = [layer for layer in facts.numerics if layer.kind == "attention"]
    assert attention
    assert max(layer.values["rows_all_masked"] for layer in attention) > 0


def test_numerics_name_images_of_one_colour():
    """An all-black image of the batch is listed by its number."""
    model = nn.Conv2d(3, 2, 3)
    pixels = torch.rand(3, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    pixels[1] = 0

    def loss(model, batch):
        return (model(batch["pixel_values"]) * 0).sum().log()

    facts = observe(ReplayTarget(model, {"pixel_values": pixels}, loss))
    images = [layer for layer in facts.numerics if layer.kind == "images"]
    assert images[0].values["num_constant"] == 1.0
    assert images[0].note == "images of one colour: 1"


def test_positions_name_token_and_pixel():
    """A bad pixel by channel and place; a bad activation by its token."""
    model = nn.Conv2d(3, 2, 3)
    pixels = torch.rand(3, 3, 6, 6)
    pixels[2, 1, 4, 5] = float("nan")
    origin = observe(ReplayTarget(model, pixels, lambda m, b: m(b).mean())).origin
    assert origin is not None
    assert origin.positions == ("sample 2, channel 1, pixel (4, 5)",)
    ids = torch.randint(1, 9, (3, 5), generator=torch.Generator().manual_seed(0))
    ids[1, 3] = 0
    embedding = nn.Embedding(9, 4)
    loss = lambda m, b: torch.log((m(b).abs() + 1) * (b != 0)[..., None]).mean()  # noqa: E731
    origin = observe(ReplayTarget(embedding, {"ids": ids}, lambda m, b: loss(m, b["ids"]))).origin
    assert origin is not None
    assert origin.positions == ("sample 1, token 3",)


def test_second_call_of_a_module_is_counted():
    """The module ran well once; its second call is the origin."""
    origin = observe(CASES["shared_module_second_call"].build()).origin
    assert origin is not None
    assert origin.calls == 2


def test_harmless_values_are_listed_in_words():
    """A NaN in a table that nobody reads is said, and is no finding."""
    model = nn.Linear(4, 2)
    model.register_buffer("table", torch.tensor([1.0, float("nan")]))
    facts = observe(ReplayTarget(model, rows(), lambda m, b: m(b).mean()))
    assert not facts.is_reproduced
    assert facts.harmless == ("buffer table: 1 NaN, reaching neither the loss nor a gradient",)


def test_dead_source_beside_a_live_one_is_called_harmless():
    """A log of zero that a where drops is listed, but is not the origin."""

    def f(self, x):
        with torch.no_grad():
            seen = torch.where(x == 0, 0.0, x.abs().log())
        return self.fc(x) / (x.sum(-1, keepdim=True) * (x[:, :1] != 0)) + seen

    x = rows()
    x[2] = 0
    facts = observe(step(Fn(f), x, lambda m, b: m(b).mean()))
    assert facts.origin is not None
    assert facts.origin.op == "div"
    assert facts.harmless == ("log in <root>: non-finite results that do not reach what fails",)


def test_recorded_failure_that_depends_on_the_seed_is_found_and_said():
    """The recorded loss is NaN, the step is finite as it stands: another seed brings it back."""

    def loss(model, batch):
        drawn = torch.rand(())
        return model(batch).mean() + (torch.log(drawn - 0.9) if drawn < 0.5 else 0.0)

    torch.manual_seed(7)
    assert torch.rand(()) >= 0.5
    torch.manual_seed(7)
    facts = observe(ReplayTarget(nn.Linear(4, 2), rows(), loss, recorded={"loss": float("nan")}))
    assert facts.is_reproduced
    assert "it fails with seed" in facts.notes[0]
    assert facts.origin is not None
    assert facts.origin.op == "log"


def test_recorded_failure_that_does_not_come_back_is_a_result():
    """What was tried is listed."""
    target = ReplayTarget(
        nn.Linear(4, 2), rows(), lambda m, b: m(b).mean(), recorded={"loss": float("nan")}
    )
    facts = observe(target)
    assert not facts.is_reproduced
    assert facts.notes[0].startswith("the recorded failure does not come back; tried: with seed 0")
    assert "in eval mode" in facts.notes[0]


def test_finite_step_that_gives_the_logged_loss_says_so():
    """A divergence: the loss of the log comes out again, and nothing in the step is non-finite."""
    model = nn.Linear(4, 2)
    target = ReplayTarget(model, rows() * 1e6, lambda m, b: m(b).square().mean())
    logged = observe(target).loss
    assert logged is not None
    facts = observe(replace(target, recorded={"loss": logged * 1.0001}))
    assert not facts.is_reproduced
    assert facts.notes == (
        f"the replay gives the logged loss of {logged * 1.0001:.6g}; the step itself is finite",
    )
    assert observe(replace(target, recorded={"loss": logged * 1.1})).notes == ()


def test_healthy_step_is_run_once():
    """Without a recorded failure nothing is tried beyond the plain run."""
    calls = []

    def loss(model, batch):
        calls.append(1)
        return model(batch).mean()

    observe(ReplayTarget(nn.Linear(4, 2), rows(), loss))
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda m, b: m(b), "not a scalar"),
        (lambda m, b: m(b).mean().detach(), "no gradient"),
        (lambda m, b: m(b, None).mean(), "the step raised TypeError"),
        (lambda m, b: F.cross_entropy(m(b), torch.tensor([9] * 5)), "the step raised IndexError"),
    ],
)
def test_step_that_cannot_run_is_one_clear_error(loss, words):
    """The error names the fact; nothing is guessed."""
    with pytest.raises(ReplayError, match=words) as caught:
        observe(ReplayTarget(nn.Linear(4, 2), rows(), loss))
    assert caught.value.hint


def test_timeout_keeps_what_is_known():
    """With no time left the origin is still named, the samples are not."""
    facts = observe(CASES["through_index_and_cat"].build(), timeout=0.0)
    assert facts.origin is not None
    assert facts.origin.op == "exp"
    assert facts.origin.samples is None


def test_progress_is_told_with_stages():
    """Stages come in order with fractions between 0 and 1."""
    told: list[tuple[str, float]] = []
    observe(CASES["loop_over_samples"].build(), progress=lambda s, f: told.append((s, f)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages[0] == "replaying the step"
    assert "finding the samples" in stages
    assert all(0.0 <= fraction <= 1.0 for _, fraction in told)


def test_gradient_hook_stands_for_itself():
    """What a hook computes undoes no op of the forward pass: its own operands are shown."""

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        h = model(x)
        h.register_hook(lambda g: g / (g - g).norm())
        return h.mean()

    origin = observe(ReplayTarget(nn.Linear(3, 2), torch.ones(4, 3), loss)).origin
    assert origin is not None
    assert (origin.op, origin.forward_op) == ("div", None)
    assert origin.inputs[1].offending == (0.0,)


def test_scores_that_overflow_are_not_called_masked():
    """A row of -inf beside +inf is an overflow; the loss's own softmax is no attention."""

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        scores = (model(x).half() * 300) @ (model(x).half() * 300).T
        scores = scores * torch.tensor([1.0, 1, 1, 1, -1])[:, None].half()
        return F.cross_entropy(scores.softmax(-1).float() @ x, torch.arange(5) % 4)

    torch.manual_seed(0)
    x = torch.ones(5, 4)
    model = nn.Linear(4, 4)
    nn.init.ones_(model.weight)
    facts = observe(ReplayTarget(model, x, loss))
    attention = next(layer for layer in facts.numerics if layer.kind == "attention")
    assert attention.values["rows_all_masked"] == 0
    assert attention.note == "20 scores are +Inf"
    assert facts.numerics[-1].kind == "softmax"


def test_failing_step_that_no_rule_knows_is_found_and_not_clean():
    """The exit code must not say that all is well; the verdict says that the cause is open."""
    facts = observe(ReplayTarget(nn.Linear(4, 2), rows(), lambda m, b: (m(b) * 0).sum().log()))
    report = Report(command="replay", inputs=("model",), replay=facts)
    assert report.status == "found"
    assert "Cause not decided\n" in RENDERERS["rich"](report)
    healthy = observe(ReplayTarget(nn.Linear(4, 2), rows(), lambda m, b: m(b).mean()))
    assert Report(command="replay", inputs=("model",), replay=healthy).status == "clean"
