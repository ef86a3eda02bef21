"""The global switches of torch that user code may turn inside a step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def preserved_switches() -> Iterator[None]:
    """Put back autocast, determinism, anomaly mode, kernel choice, default dtype and grad mode."""
    with _kept_autocast(), _kept_kernels():
        dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
        anomaly = (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
        try:
            yield
        finally:
            if dtype is not torch.get_default_dtype():
                torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            torch.autograd.set_detect_anomaly(*anomaly)


@contextlib.contextmanager
def _kept_autocast() -> Iterator[None]:
    """Casts of weights that autocast keeps do not outlive a change of the weights either."""
    devices = ["cpu"]
    devices += ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    autocast = [(d, torch.is_autocast_enabled(d), torch.get_autocast_dtype(d)) for d in devices]
    cache = torch.is_autocast_cache_enabled()
    torch.clear_autocast_cache()
    try:
        yield
    finally:
        torch.clear_autocast_cache()
        for device, enabled, dtype in autocast:
            torch.set_autocast_enabled(device, enabled)
            torch.set_autocast_dtype(device, dtype)
        torch.set_autocast_cache_enabled(cache)


_ATTENTION = ("flash", "mem_efficient", "math", "cudnn")


@contextlib.contextmanager
def _kept_kernels() -> Iterator[None]:
    """Keep which kernels may be chosen: deterministic ones, cuDNN's, attention, TF32."""
    deterministic = _determinism()
    cudnn, cuda = torch.backends.cudnn, torch.backends.cuda
    convolution = (cudnn.deterministic, cudnn.benchmark, cudnn.enabled)
    attention = [(name, getattr(cuda, f"{name}_sdp_enabled")()) for name in _ATTENTION]
    precision = torch.get_float32_matmul_precision()
    try:
        yield
    finally:
        if deterministic != _determinism():
            torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
        if convolution != (cudnn.deterministic, cudnn.benchmark, cudnn.enabled):
            cudnn.deterministic, cudnn.benchmark, cudnn.enabled = convolution
        for name, is_enabled in attention:
            getattr(cuda, f"enable_{name}_sdp")(is_enabled)
        if precision != torch.get_float32_matmul_precision():
            torch.set_float32_matmul_precision(precision)


def _determinism() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
