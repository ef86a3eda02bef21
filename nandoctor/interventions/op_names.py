"""The names of ops: aten's, autograd's and Python's under one plain name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nandoctor.evidence import Origin

_ALIASES = {
    "true_divide": "div",
    "divide": "div",
    "rdiv": "div",
    "reciprocal": "div",
    "linalg_vector_norm": "norm",
    "linalg_norm": "norm",
    "vector_norm": "norm",
    "frobenius_norm": "norm",
    "float_power": "pow",
    "rpow": "pow",
    "arccos": "acos",
    "arcsin": "asin",
    "arctanh": "atanh",
    "arccosh": "acosh",
    "arctan2": "atan2",
    "multiply": "mul",
    "rmul": "mul",
    "radd": "add",
    "rsub": "sub",
}


def canonical(op: str | None) -> str:
    """Return an op's plain name: ``SqrtBackward0`` and ``sqrt_`` are ``sqrt``."""
    if not op:
        return ""
    if "Backward" in op:
        stem = op.split("Backward")[0]
        op = "".join(f"_{c.lower()}" if c.isupper() else c for c in stem)
    op = op.removeprefix("_foreach_").removeprefix("special_").strip("_")
    return _ALIASES.get(op, op)


def ops_of(origin: Origin) -> set[str]:
    """Return the plain names of the origin's op and, in the backward pass, of its forward op."""
    return {canonical(origin.op), canonical(origin.forward_op)} - {""}


def contained(name: str, contains: Mapping[str, Collection[str]]) -> set[str]:
    """Return the plain names of the ops that run inside a function; itself where not listed."""
    return set(contains.get(name, {canonical(name)}))
