"""The names that trainers give to steps, rates and the like; the first that is found counts."""

from __future__ import annotations

import re


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STEP = _names(
    "global_step global_steps step iteration iter_num iter current_step train_step steps_done "
    "num_updates iterations current_iteration n_iter last_step total_steps_done it"
)
EPOCH = ("epoch", "current_epoch", "epochs_done", "last_epoch")
ACCUMULATION = _names(
    "gradient_accumulation_steps accumulation_steps accum_steps accumulate_grad_batches grad_accum "
    "grad_accum_steps gradient_accumulation accumulation update_freq iters_to_accumulate "
    "accum"
)
CLIP = _names(
    "max_grad_norm grad_clip clip_grad_norm gradient_clip_val clip_grad clip_norm "
    "gradient_clipping grad_norm_clip max_norm clip grad_clip_norm"
)
LR = ("lr", "learning_rate", "base_lr", "max_lr")
LOSS_SCALE = ("scale", "cur_scale", "loss_scale", "_scale")
SETTINGS = frozenset(
    _names(
        "config cfg args hparams hyper_parameters training_args options settings metrics conf "
        "model_args model_config ds_config opt_args trainer_state"
    )
)
"""Keys of mappings that hold settings."""
POSITION = re.compile(
    r"(?i)(sampler|data_?loader|data_position|data_state|dataset_state|batch_idx|batch_index|"
    r"consumed_(train_)?samples|samples_seen|tokens_seen|global_samples|batch_progress|"
    r"batches_seen|data_idx|next_batch|epoch_step|step_in_epoch|iterator)"
)
"""Keys that tell where in the data the training was."""
STEP_IN_NAME = re.compile(
    r"(?i)(?:step|steps|checkpoint|iter|iteration|ckpt|global_step|it)[-_=]?0*(\d+)"
)
"""The step in a file's name."""
