"""The failing step, run again and traced: where a non-finite value comes from; why, rules decide."""

from nandoctor.tracing.observation import gradient_flow, observe

__all__ = ["gradient_flow", "observe"]
