"""Examples of the rules about checkpoints as files and about what logs say in words."""

import builders

from nandoctor.evidence import Damage, Evidence
from rules.examples.made import Example


def stored(**changes: object) -> Evidence:
    """Build an inspected checkpoint, changed as asked."""
    return Evidence("inspect", checkpoints=(builders.checkpoint(**{"missing": (), **changes}),))


def said(kind: str, text: str = "a line") -> Evidence:
    """Build a log with one event."""
    log = builders.log_facts(pattern=None, events=(builders.log_event(kind, text=text),))
    return Evidence("triage", logs=(log,))


QUIET = said("loss_scale_overflow")
EXAMPLES = {
    "incomplete_checkpoint": Example(stored(missing=("scaler", "rng")), stored()),
    "damaged_checkpoint": Example(stored(damage=(Damage("data/3", "truncated"),)), stored()),
    "dangerous_pickle": Example(
        stored(dangerous=("posix.system",)), stored(classes=("argparse.Namespace",))
    ),
    "nonfinite_reported": Example(said("nonfinite_loss"), QUIET),
    "out_of_memory": Example(said("cuda_oom"), said("killed")),
    "communication_failure": Example(said("nccl_timeout"), QUIET),
    "killed": Example(said("preempted"), said("cuda_oom")),
    "device_failure": Example(said("ecc_xid"), QUIET),
    "data_loader_death": Example(said("dataloader_death"), QUIET),
    "write_failure": Example(said("checkpoint_write_failure"), QUIET),
    "python_traceback": Example(said("python_traceback"), QUIET),
    "cut_off_log": Example(said("cut_off"), QUIET),
}
