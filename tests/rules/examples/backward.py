"""Examples of the rules about gradients that fail where the forward value is finite."""

from typing import Any

from nandoctor.evidence import Evidence
from rules.examples.made import Example, failed, operand


def gradient(op: str, *values: float, made_by: tuple[str, ...] = (), **more: Any) -> Evidence:
    """Build a backward failure of an op at these arguments."""
    return failed(op, operand(*values, made_by=made_by), phase="backward", **more)


EXAMPLES = {
    "sqrt_at_zero": Example(gradient("sqrt", 0.0), gradient("pow", 0.0)),
    "norm_at_zero": Example(
        gradient("pow", 0.0, made_by=("einsum",), arguments={"exponent": 0.5}),
        gradient("pow", 0.0, made_by=("mean",), arguments={"exponent": 0.25}),
    ),
    "pow_at_zero": Example(
        gradient("pow", 0.0, arguments={"exponent": 0.3}), gradient("sqrt", 0.0)
    ),
    "where_trap": Example(
        gradient("exp", 400.0, code="torch.where(x > 0, x, torch.exp(x) - 1)"),
        gradient("sqrt", 0.0, code="distance.sqrt()"),
    ),
    "acos_at_one": Example(gradient("acos", 1.0), gradient("atan2", 0.0)),
    "custom_backward": Example(
        gradient("NormFn", 0.0, function="NormFn.backward"), gradient("sqrt", 0.0)
    ),
}
