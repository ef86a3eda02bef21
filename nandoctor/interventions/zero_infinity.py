"""CTC with ``zero_infinity=True``: a target that fits no alignment costs nothing."""

from __future__ import annotations

from typing import Any

from nandoctor.interventions.at_origin import Cure
from nandoctor.interventions.site import Repair
from nandoctor.target import Intervention


def _zeroed(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Set the flag, the 7th argument of both F.ctc_loss and torch.ctc_loss."""
    if len(args) > 6:
        return func(*args[:6], True, *args[7:], **kwargs)
    return func(*args, **{**kwargs, "zero_infinity": True})


REPAIRS: dict[str, Repair] = {"ctc_loss": _zeroed}
CONTAINS = {"ctc_loss": ("ctc_loss", "cudnn_ctc_loss")}


_CURE = Cure(REPAIRS, CONTAINS)
INTERVENTION = Intervention(
    "zero_infinity", "CTC with zero_infinity", _CURE.applies, _CURE.apply, cost=2
)
