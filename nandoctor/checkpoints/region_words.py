"""The keys under which real code stores each part of a checkpoint, without ``_state_dict``."""

from __future__ import annotations

WORDS = {
    "model": "model network net module state_dict state weights params parameters policy student "
    "base_model model_dict weight net_state actor_critic",
    "ema": "ema model_ema ema_model state_dict_ema averaged_model swa swa_model shadow ema_params "
    "model_shadow target_ema ema_weights teacher avg_model average_model model_avg swa_weights "
    "target_net target_network target_model momentum_encoder polyak",
    "optimizer": "optimizer optim opt optimizers optims base_optimizer optimizer_states opts "
    "optimizer_dict base_optimizer_state",
    "scheduler": "scheduler lr_scheduler schedulers lr_schedulers opt_param_scheduler sched "
    "lr_sched warmup_scheduler scheduler_dict lr_schedule",
    "scaler": "scaler grad_scaler amp_scaler loss_scaler mixedprecision native_amp gradscaler amp "
    "mixed_precision_plugin nativemixedprecisionplugin loss_scale_manager scaler_dict",
    "rng": "rng rng_state rng_states random_state random_states rng_tracker_states torch_rng_state "
    "cuda_rng_state cuda_rng_states cuda_rng_state_all random_rng_state np_rng_state "
    "numpy_rng_state numpy_random_seed torch_manual_seed torch_cuda_manual_seed "
    "python_rng_state random torch_rng cuda_rng numpy_rng python_rng rngs rng_tracker prng",
    "gradient": "gradient gradients grad grads model_grads param_grads grad_state grad_dict "
    "main_grads accumulated_grads accumulated_gradients grad_buffer grad_buffers grads_dict",
    "master": "fp32_from_fp16_params fp32_from_fp16 single_partition_of_fp32_groups "
    "fp32_flat_groups master_params master_weights fp32_params shard_fp32_from_float16_groups "
    "shard_fp32_groups fp32_master "
    "fp32_master_weights fp32_master_params main_params fp32_weights master",
    "batch": "batch inputs failing_batch last_batch crash_batch bad_batch",
}  # fmt: skip
