"""The element types of checkpoints: size, family and limits; no values are read here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Family = Literal["float", "table", "integer", "opaque"]


@dataclass(frozen=True, slots=True)
class ElementType:
    """How the elements of one dtype lie in memory.

    Args:
        size: Bytes an element.
        parts: Numbers an element holds (2 for complex).
        family: ``float`` = IEEE layout of 2, 4 or 8 bytes; ``table`` = one byte, looked up;
            ``opaque`` = packed or unknown, counted only.
        base: Name of the real dtype that the parts have.
    """

    name: str
    size: int
    family: Family
    base: str
    parts: int = 1


def _simple(name: str, size: int, family: Family) -> ElementType:
    return ElementType(name, size, family, name)


_TYPES: dict[str, ElementType] = {
    t.name: t
    for t in (
        _simple("float64", 8, "float"),
        _simple("float32", 4, "float"),
        _simple("float16", 2, "float"),
        _simple("bfloat16", 2, "float"),
        ElementType("complex128", 16, "float", "float64", 2),
        ElementType("complex64", 8, "float", "float32", 2),
        ElementType("complex32", 4, "float", "float16", 2),
        *(
            _simple(f"float8_{kind}", 1, "table")
            for kind in ("e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz", "e8m0fnu", "e4m3b11fnuz")
        ),
        *(_simple(f"{sign}int{8 * n}", n, "integer") for sign in ("", "u") for n in (1, 2, 4, 8)),
        _simple("bool", 1, "integer"),
        ElementType("qint8", 1, "integer", "int8"),
        ElementType("quint8", 1, "integer", "uint8"),
        ElementType("qint32", 4, "integer", "int32"),
        *(_simple(name, 1, "opaque") for name in ("quint4x2", "quint2x4", "float4_e2m1fn_x2")),
        *(_simple(f"bits{n}", max(1, n // 8), "opaque") for n in (8, 16)),
    )
}
_STORAGES = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool", "ComplexDouble": "complex128", "ComplexFloat": "complex64",
    "QInt8": "qint8", "QUInt8": "quint8", "QInt32": "qint32", "QUInt4x2": "quint4x2",
    "QUInt2x4": "quint2x4", "Untyped": "uint8",
}  # fmt: skip
_ALIASES = {
    "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32",
    "short": "int16", "cfloat": "complex64", "cdouble": "complex128", "chalf": "complex32",
}  # fmt: skip


def element_type(name: str) -> ElementType | None:
    """Return the type of that torch name, None where it is unknown."""
    return _TYPES.get(_ALIASES.get(name, name))


def storage_dtype(class_name: str) -> str | None:
    """Return the dtype of a torch storage class, e.g. ``HalfStorage``."""
    return _STORAGES.get(class_name.removesuffix("Storage"))


@cache
def byte_table(name: str) -> NDArray[np.float64]:
    """Return the 256 values of a one-byte dtype."""
    raw = np.arange(256, dtype=np.uint8)
    if name.startswith("float8_"):
        import ml_dtypes

        dtype: Any = getattr(ml_dtypes, name)
        with np.errstate(invalid="ignore"):
            values: NDArray[np.float64] = raw.view(dtype).astype(np.float64)
        return values
    if name == "int8":
        return raw.view(np.int8).astype(np.float64)
    return (raw != 0).astype(np.float64) if name == "bool" else raw.astype(np.float64)


@cache
def smallest_normal(name: str) -> float:
    """Return the smallest positive normal number of a floating dtype, 0 for others."""
    if name.startswith("float8_"):
        import ml_dtypes

        info: Any = ml_dtypes.finfo
        return float(info(getattr(ml_dtypes, name)).smallest_normal)
    fixed = {"float64": 2.0**-1022, "float32": 2.0**-126, "bfloat16": 2.0**-126}
    return fixed.get(name, 2.0**-14 if name == "float16" else 0.0)
