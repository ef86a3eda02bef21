"""The tracer on the micro-cases: origin op, phase, module, line and samples, and no false alarm."""

from __future__ import annotations

import pytest
import torch

from nandoctor.evidence import Origin
from nandoctor.tracing import observation, observe
from tests.tracing import (
    micro_backward,
    micro_families,
    micro_forward,
    micro_leaves,
    micro_mechanics,
    micro_streams,
)
from tests.tracing.micro import CASES, MicroCase

MODULES = {
    m.__name__
    for m in (
        micro_forward, micro_backward, micro_families, micro_leaves, micro_streams, micro_mechanics,
    )
}  # fmt: skip
HERE = {name: c for name, c in CASES.items() if c.build.__module__ in MODULES}
FAULTS = [name for name, c in HERE.items() if c.phase is not None]
TRAPS = [name for name, c in HERE.items() if c.phase is None]
pytestmark = pytest.mark.filterwarnings("ignore")


def check(truth: MicroCase, origin: Origin | None) -> None:
    """Compare an origin with the truth about a case."""
    assert origin is not None
    assert origin.phase == truth.phase
    assert {origin.op, origin.forward_op} & truth.op
    assert origin.module == truth.module
    assert origin.samples == truth.samples
    if truth.has_line:
        assert origin.source is not None
        assert origin.source.line in truth.lines()


@pytest.mark.parametrize("name", FAULTS)
def test_origin_of_a_failing_step_is_named(name):
    """Op, phase, module, line and samples are those of the case."""
    facts = observe(HERE[name].build())
    check(HERE[name], facts.origin)
    assert facts.is_reproduced


@pytest.mark.parametrize("name", TRAPS)
def test_harmless_step_raises_no_alarm(name):
    """What never reaches the loss, a gradient or a parameter is no finding."""
    facts = observe(HERE[name].build())
    assert not facts.is_reproduced
    assert facts.phase is None
    assert facts.origin is None


@pytest.mark.parametrize("name", FAULTS[::12])
def test_origin_is_the_same_where_the_device_is_not_waited_for(name, monkeypatch):
    """The two runs of a GPU (sums first, then the suspects) find what one run finds."""
    plain = observe(HERE[name].build())
    monkeypatch.setattr(observation, "device_of", lambda _: torch.device("cuda"))
    deferred = observe(HERE[name].build())
    assert repr(deferred.origin) == repr(plain.origin)
