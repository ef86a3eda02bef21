"""Round numbers for the axes of a drawing, and how they are written; draws nothing."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def linear_ticks(low: float, high: float, num: int) -> list[float]:
    """Return about ``num`` round numbers within a range, equally spaced."""
    raw = (high - low) / max(num, 1)
    if not (raw > 0 and math.isfinite(raw)):
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((power * s for s in _STEPS if power * s >= raw * 0.999), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def log_ticks(low: float, high: float, num: int) -> list[float]:
    """Return about ``num`` powers of ten, or round numbers in a narrow range; all are logarithms.

    Args:
        low: log10 of the smallest value.
        high: log10 of the largest value.
        num: Ticks wanted.
    """
    first, last = math.ceil(low), math.floor(high)
    if last - first >= 2:
        step = max(1, round((last - first) / num))
        return [float(power) for power in range(first, last + 1, step)]
    for digits in ((1, 2, 5), (1, 3), (1,)):
        powers = range(first - 1, last + 1)
        near = [power + math.log10(digit) for power in powers for digit in digits]
        ticks = [tick for tick in near if low <= tick <= high]
        if len(ticks) <= num:
            break
    return ticks


def tick_label(value: float, spacing: float = 0.0) -> str:
    """Return a tick as short as it stays apart from its neighbours at ``spacing``."""
    if value == 0 or abs(value) < abs(spacing) * 1e-6:
        return "0"
    if not 1e-4 <= abs(value) < 1e6:
        mantissa, power = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}"
    decimals = 0 if not spacing else max(0, 1 - math.floor(math.log10(spacing)))
    text = f"{value:,.{decimals}f}" if spacing else f"{value:,.4f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
