"""An epsilon that keeps no denominator from 0, where weights are broken; no cause is named here."""

from __future__ import annotations

from collections.abc import Iterator

from nandoctor.evidence import Evidence
from nandoctor.rules.moments import parameter_of
from nandoctor.rules.optimizer import eps_lost_in_half, is_adaptive, param_group
from nandoctor.rules.site import short


def lost_eps(evidence: Evidence) -> Iterator[str]:
    """Yield, in words, each epsilon that is 0 and left non-finite weights behind."""
    crash = evidence.crash
    if crash is None:
        return
    bad = {t.name: t for t in crash.tensors if t.role == "parameter" and not t.is_finite}
    eps = eps_lost_in_half(evidence)
    if eps is not None and any(short(t.dtype) == "float16" for t in bad.values()):
        yield f"eps {eps:g} is 0 in float16, so zero gradients divide 0 by 0"
    if not is_adaptive(evidence) or 0.0 not in param_group(evidence, "eps"):
        return
    for tensor in crash.tensors:
        if tensor.role == "exp_avg_sq" and tensor.num_zero and parameter_of(tensor.name) in bad:
            zeros = f"{tensor.num_zero} values of {tensor.name} are exactly 0"
            yield f"eps is 0 and {zeros}, so these weights are updated by 0 / 0"
            return
