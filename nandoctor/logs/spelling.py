"""How numbers are spelt in cells and strings, non-finite ones included; names stand elsewhere."""

from __future__ import annotations

import math
import re

_WRAPPED = re.compile(r"^(?:tensor|array|np\.float\d+|jnp\.array)\(\s*\[?([^,\])]+)")
_NAN = {"nan", "null", "#num!", "nan(ind)", "-nan(ind)", "1.#qnan", "-1.#ind", "1.#ind"}
NAN_SPELLINGS = (
    *(sign + word for sign in ("", "-", "+") for word in ("nan", "NaN", "NAN", "Nan")),
    *("null", "'nan'", "nan**", "nan(ind)", "-nan(ind)", "1.#QNAN", "-1.#IND", "1.#IND"),
)  # fmt: skip
"""Those that ``to_number`` reads as NaN, as they are met in tables."""
_INF = {"1.#inf": math.inf, "-1.#inf": -math.inf, "∞": math.inf, "-∞": -math.inf}


def to_number(text: str) -> float | None:
    """Return the number that a cell spells; None where it spells none."""
    word = text.strip().strip("'\"*%").strip().lower()
    try:
        return float(word) if "_" not in word else None
    except ValueError:
        pass
    if word in _NAN:
        return math.nan
    if word in _INF:
        return _INF[word]
    wrapped = _WRAPPED.match(text.strip().strip("'\""))
    return to_number(wrapped.group(1)) if wrapped else None
