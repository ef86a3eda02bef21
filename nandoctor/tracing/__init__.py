"""The failing step, run again and traced: where bad values come from; the rules say why."""

from nandoctor.tracing.headroom import headroom
from nandoctor.tracing.observation import observe
from nandoctor.tracing.plain_facts import gradient_flow

__all__ = ["gradient_flow", "headroom", "observe"]
