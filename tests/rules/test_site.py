"""How rules read an origin."""

import pytest

from nandoctor.rules.site import canonical, site_of
from rules.examples.made import failed, operand


@pytest.mark.parametrize(
    ("op", "name"),
    [
        ("aten::log.default", "log"), ("_softmax", "softmax"), ("div_", "div"),
        ("_foreach_sqrt", "sqrt"), ("SqrtBackward0", "sqrt"), ("NativeLayerNormBackward0",
        "native_layer_norm"), ("_log_softmax_backward_data", "log_softmax"),
    ],
)  # fmt: skip
def test_canonical_name_of_an_op(op: str, name: str) -> None:
    """Namespace, overload, foreach, autograd and in-place marks are dropped."""
    assert canonical(op) == name


def test_site_of_a_backward_origin_reads_the_forward_op() -> None:
    """The domain that matters is that of the forward op."""
    site = site_of(failed("sqrt", operand(0.0), phase="backward"))
    assert site is not None
    assert site.op == "sqrt"
    assert site.is_backward
    assert site.values(0) == (0.0,)


@pytest.mark.parametrize("phase", ["batch", "parameters", "optimizer"])
def test_site_of_a_phase_without_a_failing_op_is_none(phase: str) -> None:
    """A bad batch, parameter or update has no op to read."""
    assert site_of(failed("mul", operand(1.0), phase=phase)) is None
