"""A clamp before the guilty op keeps its argument where the result is representable."""

from __future__ import annotations

import math
from typing import Any

import torch

from nandoctor.interventions.arguments import argument, eps_of, is_real, step_at_one
from nandoctor.interventions.at_origin import Cure
from nandoctor.interventions.products import CONTAINS as PRODUCTS_CONTAIN
from nandoctor.interventions.products import POWERS, PRODUCTS
from nandoctor.interventions.site import Repair
from nandoctor.target import Intervention

_LARGEST_EXPONENT = 20.0
"""What practitioners clamp a log-variance or a log-ratio to; float16 needs less."""


def _above(x: Any) -> Any:
    return x.clamp(min=eps_of(x.dtype)) if is_real(x) else NotImplemented


def _within(edge: float) -> Any:
    def change(x: Any) -> Any:
        if not is_real(x):
            return NotImplemented
        step = step_at_one(x.dtype)
        return x.clamp(-edge + step, edge - step)

    return change


def _from(edge: float) -> Any:
    return lambda x: x.clamp(min=edge + step_at_one(x.dtype)) if is_real(x) else NotImplemented


def _exponent(base: float = math.e, both_sides: bool = False) -> Any:
    def change(x: Any) -> Any:
        if not is_real(x):
            return NotImplemented
        natural = min(_LARGEST_EXPONENT, 0.9 * math.log(torch.finfo(x.dtype).max))
        limit = natural / math.log(base)
        return x.clamp(-limit if both_sides else None, limit)

    return change


def _unit(x: Any) -> Any:
    if not is_real(x):
        return NotImplemented
    return x.clamp(eps_of(x.dtype), 1 - step_at_one(x.dtype))


def _pow(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Keep the base positive where the exponent asks for it."""
    exponent = args[1] if len(args) > 1 else kwargs.get("exponent")
    if isinstance(exponent, (int, float)) and exponent >= 0 and float(exponent).is_integer():
        return NotImplemented
    return argument(0, _above, "input", "self")(func, args, kwargs)


_EXPONENTIALS: dict[str, Repair] = {
    **dict.fromkeys(("exp", "exp_", "expm1", "special_expm1"), argument(0, _exponent(), "input")),
    **dict.fromkeys(("exp2", "exp2_", "special_exp2"), argument(0, _exponent(2.0), "input")),
    **dict.fromkeys(("sinh", "cosh"), argument(0, _exponent(both_sides=True), "input")),
    "poisson_nll_loss": argument(0, _exponent(), "input"),
}
REPAIRS: dict[str, Repair] = _EXPONENTIALS | {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt"), argument(0, _above, "input")),
    **dict.fromkeys(("log_", "sqrt_", "rsqrt_"), argument(0, _above)),
    **dict.fromkeys(("pow", "pow_", "float_power", "__pow__", "__ipow__"), _pow),
    **dict.fromkeys(("acos", "asin", "arccos", "arcsin", "atanh"), argument(0, _within(1.0))),
    **dict.fromkeys(("acos_", "asin_", "erfinv", "special_erfinv"), argument(0, _within(1.0))),
    **dict.fromkeys(("log1p", "log1p_"), argument(0, _from(-1.0), "input")),
    "acosh": argument(0, _from(1.0), "input"),
    **dict.fromkeys(("logit", "special_logit"), argument(0, _unit, "input")),
}


def _rpow(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Keep the exponent of ``number ** tensor`` representable."""
    base = args[1] if len(args) > 1 else None
    if not isinstance(base, (int, float)) or base <= 1 or not is_real(args[0]):
        return NotImplemented
    return func(_exponent(float(base))(args[0]), *args[1:], **kwargs)


REPAIRS["__rpow__"] = _rpow


def _either(domain: Repair, range_: Repair) -> Repair:
    """Clamp into the domain where the call leaves it, else keep the result representable."""

    def repair(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = domain(func, args, kwargs)
        return range_(func, args, kwargs) if result is NotImplemented else result

    return repair


for _name, _repair in POWERS.items():
    REPAIRS[_name] = _either(REPAIRS[_name], _repair)
REPAIRS |= {name: repair for name, repair in PRODUCTS.items() if name not in REPAIRS}


CONTAINS = {**PRODUCTS_CONTAIN, "poisson_nll_loss": ("poisson_nll_loss", "exp")}
_CURE = Cure(REPAIRS, CONTAINS, narrow=frozenset({*PRODUCTS, *POWERS, *_EXPONENTIALS}))
INTERVENTION = Intervention(
    "clamp", "a clamp before the guilty op", _CURE.applies, _CURE.apply, cost=2.1
)
