"""The lines that say what went wrong, by kind: how frameworks, drivers and schedulers word it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventKind:
    """One class of failure.

    Args:
        name: As it stands in ``LogEvent.kind``.
        needles: Lower-case texts of which one must be in the line (a cheap first look).
        pattern: What the line must match.
        unless: What makes the same words harmless.
    """

    name: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None


def _kind(name: str, needles: tuple[str, ...], *patterns: str, unless: str = "") -> EventKind:
    return EventKind(
        name, needles, re.compile("|".join(patterns), re.IGNORECASE),
        re.compile(unless, re.IGNORECASE) if unless else None,
    )  # fmt: skip


KINDS: tuple[EventKind, ...] = (
    _kind(
        "cuda_oom",
        ("out of memory", "outofmemory", "alloc_failed", "resource_exhausted", "oom when alloc"),
        r"CUDA out of memory", r"OutOfMemoryError", r"CUDA error: out of memory",
        r"CUBLAS_STATUS_ALLOC_FAILED", r"RESOURCE_EXHAUSTED.*(?:memory|allocat)",
        r"OOM when allocating tensor", r"(?:HIP|XPU|MPS backend|NPU)\b.*out of memory",
        r"CUDA_ERROR_OUT_OF_MEMORY",
        unless=r"(?:avoid|prevent|catch|retry|recover)\w*\b.*out of memory|^\s*except\b",
    ),
    _kind(
        "device_assert", ("assert",),
        r"device-side assert triggered", r"\.cuh?:\d+:.*Assertion `.*` failed",
    ),
    _kind(
        "ecc_xid", ("xid", "ecc", "off the bus"),
        r"NVRM: Xid", r"\bXid (?:error )?\(?(?:PCI|\d)", r"uncorrectable (?:NVLink )?(?:ECC )?error",
        r"double[- ]bit ECC", r"fallen off the bus", r"CUDA_ERROR_ECC_UNCORRECTABLE",
        r"uncorrectable ECC", unless=r"\bECC errors?\s*[:=]\s*0\b",
    ),
    _kind(
        "illegal_access",
        ("illegal memory", "illegal_address", "misaligned address", "launch failure",
         "illegal instruction"),
        r"illegal memory access", r"CUDA_ERROR_ILLEGAL_ADDRESS", r"CUDA error: misaligned address",
        r"unspecified launch failure", r"CUDA error: an illegal instruction",
    ),
    _kind(
        "nccl_timeout", ("nccl", "collective operation", "gloo", "monitoredbarrier"),
        r"Watchdog caught collective operation timeout", r"NCCL (?:watchdog )?(?:timeout|timed out)",
        r"NCCL operations have failed or timed out", r"\bncclSystemError\b", r"\bncclInternalError\b",
        r"\bncclRemoteError\b", r"NCCL error", r"NCCL communicator was aborted",
        r"WorkNCCL\(.*ran for \d+ milliseconds before timing out", r"Gloo.*(?:timed out|timeout)",
        r"Heartbeat monitor timed out", r"monitoredBarrier.*(?:timed out|timeout|failed)",
        unless=r"(?:NCCL_\w*TIMEOUT|timeout[\w ]*)\s*[=:]\s*[\d.]+\s*\w*$|setting",
    ),
    _kind(
        "dataloader_death",
        ("dataloader worker", "shared memory", "ancdata", "bus error"),
        r"DataLoader worker \(pid(?:\(s\))?[^)]*\) (?:is killed|exited unexpectedly|are killed)",
        r"Caught \w+ in DataLoader worker process", r"unable to (?:open|mmap|write to) shared memory",
        r"Bus error.*shared memory", r"received \d+ items of ancdata",
        r"DataLoader timed out after",
    ),
    _kind(
        "preempted", ("preempt", "sigterm"),
        r"DUE TO PREEMPTION", r"\b(?:was|been|being|got|job|instance|node) preempted\b",
        r"preemption (?:notice|signal|detected|requested)", r"\breceived (?:signal )?SIGTERM",
        r"\bSIGTERM (?:was )?received", r"Signal 15 \(SIGTERM\) received",
        r"caught SIGTERM", r"Spot (?:instance )?interruption",
        unless=r"closing signal SIGTERM|if .*preempted|resum\w+ (?:from|after)|preemption_count",
    ),
    _kind(
        "killed",
        ("kill", "due to time limit", "cancelled at", "exit code 137", "exceeded", "segmentation",
         "sigsegv", "core dumped", "exit code -9", "exitcode: -9", "exitcode  : -9", "node failure"),
        r"oom[-_ ]kill(?:ed|er)? event", r"Detected \d+ oom[-_]kill", r"Out of memory: Kill",
        r"Killed process \d+", r"^\W*Killed\s*$", r":\s*line \d+:\s*\d+ Killed\b",
        r"Signal 9 \(SIGKILL\)", r"DUE TO TIME LIMIT", r"CANCELLED AT", r"DUE TO NODE FAILURE",
        r"Exceeded (?:job )?memory limit", r"exit ?code:?\s*-9\b", r"exit code 137\b",
        r"exceeded the maximum execution time", r"Segmentation fault", r"SIGSEGV", r"oom-kill:",
        r"Memory cgroup out of memory", r"OOMKilled",
        unless=r"\bkilled\b.{0,20}\b(?:by user|0)\b|DataLoader worker|tests?/.*(?:PASSED|passed)",
    ),
    _kind(
        "checkpoint_write_failure",
        ("no space left", "streamwriter", "quota exceeded", "inline_container", "save checkpoint",
         "saving checkpoint", "ioerror(os", "writing checkpoint", "write checkpoint"),
        r"No space left on device", r"PytorchStreamWriter failed", r"Disk quota exceeded",
        r"inline_container\.cc.*(?:unexpected pos|enforce fail)", r"Error while serializing: IoError",
        r"(?:fail|error|could not|cannot|unable)\w*\b.{0,40}(?:sav|writ)\w*.{0,12}checkpoint",
        r"(?:sav|writ)\w* (?:the )?checkpoint.{0,40}\bfailed\b",
        unless=r"retry(?:ing)? succeeded|will be ignored|\b0 failed",
    ),
    _kind(
        "loss_scale_collapse", ("loss scale", "loss_scale"),
        r"loss scale already at minimum", r"Minimum loss scale reached",
        r"cannot decrease (?:loss )?scale",
    ),
    _kind(
        "loss_scale_overflow", ("overflow",),
        r"\bOVERFLOW!", r"Gradient overflow\.\s+Skipping step", r"gradient overflow detected",
        r"overflow detected,? (?:setting|skipping|ignoring)", r"Grad overflow on iteration",
        r"\boverflow\b.{0,60}(?:reducing|loss scale|skip)",
        unless=r"stack overflow|stackoverflow|no overflow|\w+overflow\w+\s*[=:]|overflow:\s*0|"
        r"overflow_count[=:]\s*0",
    ),
    _kind(
        "nonfinite_grad", ("norm", "grad"),
        r"found (?:NaN|Inf) in local grad norm", r"total norm .{0,60}is non-finite",
        r"(?:Non-finite|nan|inf|infinite|invalid)\b[^.]{0,40}\bgrad(?:ient)?s?(?: norm)?\b",
        r"\bgrad(?:ient)?s?(?: norm)?\b (?:is|are|was|were|became|becomes|contains?|has|have) "
        r"(?:a |an )?(?:inf|nan|non-?finite|infinite)",
        unless=r"\b(?:no|0|zero|without|if|whether|check\w*|should|clip\w*)\b[^.]{0,25}"
        r"\b(?:nan|inf|non-?finite)|infor|nan_to_num|nan_grad\w*\s*[=:]",
    ),
    _kind(
        "nonfinite_loss", ("nan", "loss", "inf", "diverged"),
        r"found (?:NaN|Inf) in local forward loss", r"Model diverged with loss = NaN",
        r"NanLossDuringTraining", r"NaN loss during training", r"Invalid loss, terminating training",
        r"Loss is (?:nan|inf|infinite|not finite|non-finite)\b", r"loss exploded to",
        r"Loss became (?:infinite|nan)", r"(?:^|[^\w'\"])(?:nan|inf|infinite|non-finite) (?:training )?"
        r"loss\b(?! filter)", r"\bloss (?:is|was|became|becomes|has become|went|goes|turned)"
        r" (?:to )?(?:a |an )?(?:nan|inf|non-?finite|infinite)",
        r"LossTensor is inf or nan", r"loss returned in `?training_step`? is (?:nan|inf)",
        r"caused an infinite \(or NaN\) loss", r"loss diverged to (?:nan|inf)",
        unless=r"\b(?:no|0|zero|without|if|when|whether|check\w*|avoid\w*|prevent\w*|fix\w*|"
        r"handl\w*|test\w*|number of|stop\w* on|terminate\w* on|detect)\b[^.]{0,30}"
        r"\b(?:nan|inf|infinite|non-?finite)\b|best|initial",
    ),
    _kind(
        "nonfinite_tensor", ("nan", "inf"),
        r"Tensor had (?:NaN|Inf)", r"NaN or Inf found in input tensor",
        r"(?:NaN|Inf) detected in (?:output|input|weights?|parameters?|activation)",
        r"Detected inf/nan during batch", r"invalid value \((?:nan|inf)\) encountered",
        r"probability tensor contains either `?inf`?", r"found invalid values:",
        r"Input (?:X )?contains (?:NaN|infinity)", r"encountered (?:nan|inf)s? in (?!test)",
        r"(?:weights?|parameters?|activations?|hidden states?|logits|outputs?) "
        r"(?:is|are|contains?|has|have|became) (?:all )?(?:nan|inf)s?\b",
        unless=r"\b(?:no|0|without|if|whether|check\w*|should)\b[^.]{0,20}\b(?:nan|inf)\b",
    ),
)  # fmt: skip

KIND_NAMES: tuple[str, ...] = (
    *(kind.name for kind in KINDS), "hidden_nan", "anomaly_traceback", "python_traceback",
)  # fmt: skip
"""All values of ``LogEvent.kind``."""
