# ruff: noqa: E501
"""Failure lines are recognised by kind; harmless lines that use the same words are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandoctor.logs import EVENT_KINDS, read_events

POSITIVES = {
    "cuda_oom": [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB",
        "RuntimeError: CUDA out of memory. Tried to allocate 512.00 MiB (GPU 3; 15.78 GiB total capacity)",
        "RuntimeError: CUDA error: out of memory",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 17179869184 bytes.",
        "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor with shape[64,512]",
        "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 1.00 GiB",
    ],
    "device_assert": [
        "RuntimeError: CUDA error: device-side assert triggered",
        "../aten/src/ATen/native/cuda/Indexing.cu:1290: indexSelectLargeIndex: block: [123,0,0], thread: [0,0,0] Assertion `srcIndex < srcSelectDimSize` failed.",
    ],
    "illegal_access": [
        "RuntimeError: CUDA error: an illegal memory access was encountered",
        "CUDA error: misaligned address",
        "RuntimeError: CUDA error: unspecified launch failure",
    ],
    "ecc_xid": [
        "[12345.678] NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
        "RuntimeError: CUDA error: uncorrectable ECC error encountered",
        "NVRM: Xid (PCI:0000:07:00): 48, Double Bit ECC Error",
    ],
    "nccl_timeout": [
        "[E ProcessGroupNCCL.cpp:475] [Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1234, OpType=ALLREDUCE, NumelIn=1, Timeout(ms)=1800000) ran for 1800543 milliseconds before timing out.",
        "[rank5]:[E1030 12:00:00.000 ProcessGroupNCCL.cpp:616] Some NCCL operations have failed or timed out.",
        "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:1970, remote process exited",
        "ncclInternalError: Internal check failed.",
    ],
    "killed": [
        "slurmstepd: error: Detected 1 oom_kill event in StepId=123.0. Some of the step tasks have been OOM Killed.",
        "slurmstepd: error: *** JOB 123456 ON node001 CANCELLED AT 2024-05-01T10:00:00 DUE TO TIME LIMIT ***",
        "[1234.5] Out of memory: Killed process 4321 (python) total-vm:123456kB",
        "Killed",
        "/var/spool/slurmd/job123/slurm_script: line 20: 12345 Killed                  python train.py",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: Signal 9 (SIGKILL) received by PID 4321",
        "Error: The operation exceeded the maximum execution time of 360 minutes.",
        "Segmentation fault (core dumped)",
    ],
    "preempted": [
        "slurmstepd: error: *** STEP 123.0 ON node001 CANCELLED AT 2024-05-01T10:00:00 DUE TO PREEMPTION ***",
        "Job 1234 was preempted and will be requeued",
        "Received SIGTERM: 15",
    ],
    "dataloader_death": [
        "RuntimeError: DataLoader worker (pid 4321) is killed by signal: Killed.",
        "RuntimeError: DataLoader worker (pid(s) 1, 2) exited unexpectedly",
        "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm). Bus error. insufficient shared memory",
        "RuntimeError: unable to open shared memory object </torch_123> in read-write mode",
        "ValueError: Caught ValueError in DataLoader worker process 0.",
    ],
    "checkpoint_write_failure": [
        "OSError: [Errno 28] No space left on device: '/ckpt/step_100.pt'",
        "RuntimeError: [enforce fail at inline_container.cc:337] . unexpected pos 576 vs 470",
        "RuntimeError: PytorchStreamWriter failed writing file data/12: file write failed",
        "OSError: [Errno 122] Disk quota exceeded",
        "safetensors_rust.SafetensorError: Error while serializing: IoError(Os { code: 28, kind: StorageFull })",
        "ERROR: failed to save checkpoint to /ckpt/step_100",
    ],
    "loss_scale_overflow": [
        "[2023-05-01 10:00:00,000] [INFO] [stage_1_and_2.py:1723:step] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, reducing to 32768",
        "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0",
        "2023-01-01 10:00:00 | INFO | fairseq.trainer | NOTE: gradient overflow detected, ignoring gradient, setting loss scale to: 64.0",
    ],
    "loss_scale_collapse": [
        "Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.",
        "FloatingPointError: Minimum loss scale reached (0.0001). Your loss is probably exploding.",
    ],
    "nonfinite_loss": [
        "step 12 | loss nan | lr 1e-4",
        "{'loss': nan, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.1}",
        "{'loss': 'nan', 'grad_norm': 'nan', 'learning_rate': '1e-05', 'epoch': '0.1'}",
        " iteration      110/  320000 | lm loss: NAN | loss scale: 32768.0 | number of skipped iterations:   0 | number of nan iterations:   0 |",
        "AssertionError: Rank 3: found NaN in local forward loss calculation. Device: 3, node: n1",
        "ERROR:tensorflow:Model diverged with loss = NaN.",
        "tensorflow.python.training.basic_session_run_hooks.NanLossDuringTrainingError: NaN loss during training.",
        "Loss is nan, stopping training",
        "FloatingPointError: Loss became infinite or NaN at iteration=1234!",
        "Batch 3: Invalid loss, terminating training",
        "Loss exploded to nan at step 113796!",
        "ValueError: The loss returned in `training_step` is nan.",
    ],
    "nonfinite_grad": [
        "RuntimeError: Rank 0, node n1, device 0, iteration -1: Unexpected result nan: found NaN in local grad norm in backward pass before data-parallel communication collective",
        "RuntimeError: The total norm of order 2.0 for gradients from `parameters` is non-finite, so it cannot be clipped.",
        "step 5 loss 2.31 grad_norm inf",
        "gradients contain nan at step 31",
    ],
    "nonfinite_tensor": [
        "InvalidArgumentError: LossTensor : Tensor had NaN values",
        "Detected inf/nan during batch_number=0",
        "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0",
        "FloatingPointError: NaN detected in output of encoder.layers.3, shape: torch.Size([8, 64]), forward",
        "FloatingPointError: invalid value (nan) encountered in jit(log)",
    ],
    "hidden_nan": [
        "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.1}",
        " iteration      110/  320000 | lm loss: 2.0E+00 | number of skipped iterations:   1 | number of nan iterations:   1 |",
    ],
}

NEGATIVES = [
    " iteration  100/  320000 | lm loss: 2.0E+00 | loss scale: 65536.0 | grad norm: 1.1 | number of skipped iterations:   0 | number of nan iterations:   0 |",
    "INFO: information about gradient health",
    "INFO: best loss: inf",
    "best_loss=inf, patience=3",
    "check_for_nan_in_loss: True",
    "  check_for_nan_in_grad ........................... True",
    "logging_nan_inf_filter=True,",
    "terminate_on_nan: false",
    "  0%|          | 0/100 [00:00<?, ?it/s, loss=inf]",
    "tests/test_nan.py::test_nan_loss_is_reported PASSED                      [ 10%]",
    "tests/test_losses.py::test_loss_is_nan_when_empty PASSED",
    "============ 12 passed, 1 warning in 3.21s (nan loss tests) ============",
    "Collecting nan-detector==1.0",
    "Requirement already satisfied: infinity in /usr/lib/python3/dist-packages",
    "Financial banana analysis: nanometre inference info",
    "No NaN or Inf found in gradients",
    "0 nan losses so far",
    "eval: no nan loss detected",
    "loss = float('inf')",
    "if torch.isnan(loss): raise ValueError('loss is nan')",
    "best_val = math.inf  # loss",
    "epoch 3 val_loss nan train_loss 0.5",
    "step_avg:nanms train_time:0ms step:1/100 train_loss:10.8",
    "step    1/18865 | loss 11.009 (+nanz)| norm 15.3 (+nanz)| lr 8.57e-07 | 3056.36 ms",
    "NCCL_TIMEOUT=1800",
    "Setting NCCL timeout to 1800 seconds",
    "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True can help avoid out of memory errors",
    "Volatile Uncorr. ECC errors: 0",
    "Sending process 1234 closing signal SIGTERM",
    "Saving model checkpoint to ./out/checkpoint-500",
    "Successfully saved checkpoint to /ckpt/step_100",
    "Loss scale window 1000, initial loss scale 65536",
    "no overflow detected; loss scale 65536",
    "Memory: 12.1GB allocated, out of 80GB",
    "assert loss.isfinite()",
    "Region 82 Avg IOU: -nan, Class: -nan, Obj: -nan, No Obj: 0.004668, count: 0",
    "num_preempted: 0, preemption_count: 0",
    "Resuming from preempted job at step 100",
    "killed: 0",
    "OVERFLOW_CHECK = True",
]


def _events(path: Path, text: str) -> list[tuple[str, int | None, str]]:
    path.write_text(text, encoding="utf-8")
    return [(event.kind, event.rank, event.text) for event in read_events(str(path))]


@pytest.mark.parametrize(
    ("kind", "line"), [(kind, line) for kind, lines in POSITIVES.items() for line in lines]
)
def test_read_events_of_a_failure_line_names_its_kind(kind: str, line: str, tmp_path: Path) -> None:
    """Real messages of frameworks, drivers and schedulers are recognised, each as its kind."""
    found = _events(tmp_path / "job.log", f"starting\n{line}\ndone\n")
    assert [event[0] for event in found] == [kind]
    assert kind in EVENT_KINDS


@pytest.mark.parametrize("line", NEGATIVES)
def test_read_events_of_a_harmless_line_is_silent(line: str, tmp_path: Path) -> None:
    """Counters at zero, settings, test names, code and initial values are no failures."""
    assert _events(tmp_path / "job.log", f"{line}\n") == []


def test_read_events_of_anomaly_mode_gives_op_and_forward_line(tmp_path: Path) -> None:
    """Anomaly mode's warning yields the backward op and the user's forward line, once."""
    found = _events(
        tmp_path / "job.log",
        "/venv/torch/autograd/graph.py:824: UserWarning: Error detected in LogBackward0. "
        "Traceback of forward call that caused the error:\n"
        '  File "/app/train.py", line 12, in <module>\n    main()\n'
        '  File "/app/model.py", line 33, in forward\n    return torch.log(x)\n'
        " (Triggered internally at ../torch/csrc/autograd/python_anomaly_mode.cpp:122.)\n"
        "  return Variable._execution_engine.run_backward(\n"
        "Traceback (most recent call last):\n"
        '  File "/app/train.py", line 20, in <module>\n    loss.backward()\n'
        "RuntimeError: Function 'LogBackward0' returned nan values in its 0th output.\n",
    )
    assert found == [
        (
            "anomaly_traceback",
            None,
            "LogBackward0 at /app/model.py:33 in forward: return torch.log(x)",
        )
    ]


def test_read_events_of_a_traceback_with_ranks_keeps_who_spoke_first(tmp_path: Path) -> None:
    """Interleaved tracebacks of two ranks are two events, in the order of their last lines."""
    found = _events(
        tmp_path / "job.log",
        "[rank3]: Traceback (most recent call last):\n"
        '[rank3]:   File "/app/train.py", line 20, in main\n'
        "[rank1]: Traceback (most recent call last):\n"
        "[rank3]:     batch = next(data)\n"
        '[rank1]:   File "/app/train.py", line 21, in main\n'
        "[rank3]: KeyError: 'labels'\n"
        "[rank1]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n",
    )
    assert [event[:2] for event in found] == [("python_traceback", 3), ("cuda_oom", 1)]
    assert found[0][2] == "KeyError: 'labels' (/app/train.py:20 in main: batch = next(data))"


def test_read_events_of_a_cut_off_traceback_is_still_an_event(tmp_path: Path) -> None:
    """A log that ends inside a traceback says where it stood."""
    found = _events(
        tmp_path / "job.log",
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n',
    )
    assert found == [("python_traceback", None, "traceback cut off at a.py:1 in f: g()")]


def test_read_events_with_timestamps_ignores_the_prefix(tmp_path: Path) -> None:
    """GitHub Actions puts a timestamp before every line of a traceback too."""
    stamp = "2024-05-01T12:00:00.1234567Z "
    lines = ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "ValueError: bad"]
    found = _events(tmp_path / "job.log", "".join(f"{stamp}{line}\n" for line in lines))
    assert found == [("python_traceback", None, "ValueError: bad (a.py:1 in f)")]


def test_read_events_of_an_interrupted_run_is_silent(tmp_path: Path) -> None:
    """Ctrl-C is the user's own doing."""
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyboardInterrupt\n'
    assert _events(tmp_path / "job.log", text) == []
