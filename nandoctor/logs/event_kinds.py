"""The lines that say what went wrong, by kind: how frameworks, drivers and schedulers word it."""

from __future__ import annotations

from nandoctor.logs.event_kind import EventKind, event_kind
from nandoctor.logs.nonfinite_kinds import NONFINITE_KINDS

_JOB_KINDS: tuple[EventKind, ...] = (
    event_kind(
        "cuda_oom",
        ("out of memory", "outofmemory", "alloc_failed", "resource_exhausted", "oom when alloc"),
        r"CUDA out of memory", r"OutOfMemoryError", r"CUDA error: out of memory",
        r"CUBLAS_STATUS_ALLOC_FAILED", r"RESOURCE_EXHAUSTED.*(?:memory|allocat)",
        r"OOM when allocating tensor", r"(?:HIP|XPU|MPS backend|NPU)\b.*out of memory",
        r"CUDA_ERROR_OUT_OF_MEMORY",
        unless=r"(?:avoid|prevent|catch|retry|recover)\w*\b.*out of memory|^\s*except\b|"
        r"out of memory\b.{0,60}\b(?:trying (?!to alloc)|retrying|reducing|halving|lowering|"
        r"falling back|skipping)",
    ),
    event_kind(
        "device_assert", ("assert",),
        r"device-side assert triggered", r"\.cuh?:\d+:.*Assertion `.*` failed",
    ),
    event_kind(
        "ecc_xid", ("xid", "ecc", "off the bus"),
        r"NVRM: Xid", r"\bXid (?:error )?\(?(?:PCI|\d)",
        r"uncorrectable (?:NVLink )?(?:ECC )?error",
        r"double[- ]bit ECC", r"fallen off the bus", r"CUDA_ERROR_ECC_UNCORRECTABLE",
        r"uncorrectable ECC", unless=r"\berrors?\W*[:=]\s*0\b|://",
    ),
    event_kind(
        "illegal_access",
        ("illegal memory", "illegal_address", "misaligned address", "launch failure",
         "illegal instruction", "cuda error", "hip error", "_status_"),
        r"\b(?:CUDA|HIP) error: (?!out of memory|device-side|uncorrectable)\w",
        r"\b(?:CUBLAS|CUDNN|CUSOLVER|CUFFT|ROCBLAS|MIOPEN)_STATUS_(?!SUCCESS|ALLOC_FAILED)\w+",
        r"illegal memory access", r"CUDA_ERROR_ILLEGAL_ADDRESS", r"CUDA error: misaligned address",
        r"unspecified launch failure", r"CUDA error: an illegal instruction",
    ),
    event_kind(
        "nccl_timeout",
        ("nccl", "collective operation", "gloo", "monitoredbarrier", "diststore", "distbackend",
         "distnetwork", "waiting for clients"),
        r"\bDist(?:Store|Backend|Network)Error\b", r"Timed out .{0,30}waiting for clients",
        r"Watchdog caught collective operation timeout",
        r"NCCL (?:watchdog )?(?:timeout|timed out)",
        r"NCCL operations have failed or timed out", r"\bnccl(?:System|Internal|Remote)Error\b",
        r"NCCL error", r"NCCL communicator was aborted",
        r"WorkNCCL\(.*ran for \d+ milliseconds before timing out", r"Gloo.*(?:timed out|timeout)",
        r"Heartbeat monitor timed out", r"monitoredBarrier.*(?:timed out|timeout|failed)",
        unless=r"(?:NCCL_\w*TIMEOUT|timeout[\w ]*)\s*[=:]\s*[\d.]+\s*\w*$|setting",
    ),
    event_kind(
        "dataloader_death",
        ("dataloader worker", "shared memory", "ancdata", "bus error"),
        r"DataLoader worker \(pid(?:\(s\))?[^)]*\) (?:is killed|exited unexpectedly|are killed)",
        r"Caught \w+ in DataLoader worker process",
        r"unable to (?:open|mmap|write to) shared memory",
        r"Bus error.*shared memory", r"received \d+ items of ancdata",
        r"DataLoader timed out after",
    ),
    event_kind(
        "preempted", ("preempt", "sigterm", "got signal", "spot in"),
        r"DUE TO PREEMPTION", r"\b(?:was|been|being|got|job|instance|node) preempted\b",
        r"preemption (?:notice|signal|detected|requested)", r"\breceived (?:signal )?SIGTERM",
        r"\bSIGTERM (?:was )?received", r"Signal 15 \(SIGTERM\) received",
        r"caught SIGTERM", r"received Signals\.SIGTERM", r"got signal: (?:15|SIGTERM)",
        r"Spot (?:instance )?interruption",
        unless=r"closing signal SIGTERM|if .*preempted|resum\w+ (?:from|after)|preemption_count",
    ),
    event_kind(
        "killed",
        ("kill", "due to time limit", "cancelled at", "exit code 137", "exceeded", "segmentation",
         "sigsegv", "core dumped", "exit code -9", "exitcode: -9", "exitcode  : -9",
         "node failure", "longer than", "timed out", "got signal", "deadline exceeded",
         "sigabrt", "sigbus", "walltime"),
        r"oom[-_ ]kill(?:ed|er)? event", r"Detected \d+ oom[-_]kill", r"Out of memory: Kill",
        r"Killed process \d+", r"^\W*Killed\s*$", r":\s*line \d+:\s*\d+ Killed\b",
        r"Signal 9 \(SIGKILL\)", r"DUE TO TIME LIMIT", r"CANCELLED AT", r"DUE TO NODE FAILURE",
        r"Exceeded (?:job )?memory limit", r"exit ?code:?\s*-9\b", r"exit code 137\b",
        r"exceeded the maximum execution time", r"Segmentation fault", r"SIGSEGV", r"oom-kill:",
        r"Memory cgroup out of memory", r"OOMKilled", r"got signal: (?!15|SIGTERM)\S",
        r"\b(?:job|build|step|stage|task|execution|command|agent)\b.{0,60}"
        r"\b(?:(?:took|ran|run|runs|running) longer than|timed out|exceeded (?:the|its) \w*time)",
        r"\bwalltime .{0,40}exceeded", r"context deadline exceeded", r"Signal 6 \(SIGABRT\)",
        r"Signal 7 \(SIGBUS\)",
        unless=r"\bkilled\b.{0,20}\b(?:by user|0)\b|DataLoader worker|tests?/.*(?:PASSED|passed)",
    ),
    event_kind(
        "checkpoint_write_failure",
        ("no space left", "streamwriter", "quota exceeded", "inline_container", "save checkpoint",
         "saving checkpoint", "ioerror(os", "writing checkpoint", "write checkpoint"),
        r"No space left on device", r"PytorchStreamWriter failed", r"Disk quota exceeded",
        r"inline_container\.cc.*(?:unexpected pos|enforce fail)",
        r"Error while serializing: IoError",
        r"(?:fail|error|could not|cannot|unable)\w*\b.{0,40}(?:sav|writ)\w*.{0,12}checkpoint",
        r"(?:sav|writ)\w* (?:the )?checkpoint.{0,40}\bfailed\b",
        unless=r"retry(?:ing)? succeeded|will be ignored|\b0 failed",
    ),
    event_kind(
        "loss_scale_collapse", ("loss scale", "loss_scale"),
        r"loss scale already at minimum", r"Minimum loss scale reached",
        r"cannot decrease (?:loss )?scale",
    ),
    event_kind(
        "loss_scale_overflow", ("overflow",),
        r"\bOVERFLOW!", r"Gradient overflow\.\s+Skipping step", r"gradient overflow detected",
        r"overflow detected,? (?:setting|skipping|ignoring)", r"Grad overflow on iteration",
        r"\boverflow\b.{0,60}(?:reducing|loss scale|skip)",
        unless=r"stack overflow|stackoverflow|no overflow|\w+overflow\w+\s*[=:]|overflow:\s*0|"
        r"overflow_count[=:]\s*0",
    ),
)  # fmt: skip

KINDS: tuple[EventKind, ...] = (*_JOB_KINDS, *NONFINITE_KINDS)

KIND_NAMES: tuple[str, ...] = (
    *(kind.name for kind in KINDS),
    "hidden_nan", "anomaly_traceback", "python_traceback", "cut_off",
)  # fmt: skip
"""All values of ``LogEvent.kind``."""
