"""The crash batch on the weights of the last good checkpoint."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import Inapplicable
from nandoctor.interventions.tensors import replaced_values
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if target.last_good else "no checkpoint from before the crash was given"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert target.last_good is not None
    own = dict(target.model.state_dict(keep_vars=True))
    common = [(own[n], v) for n, v in target.last_good.items() if n in own]
    fitting = [(tensor, value) for tensor, value in common if tensor.shape == value.shape]
    if len(fitting) < len(own):
        reason = f"the last good checkpoint fits {len(fitting)} of {len(own)} tensors"
        raise Inapplicable(reason, matters=True)
    with replaced_values(fitting):
        yield target


INTERVENTION = Intervention("old_weights", "the last good weights", _applies, _apply)
