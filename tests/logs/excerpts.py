# ruff: noqa: E501, W291
"""Excerpts in the style of many frameworks, written for these tests, and what a reader should get
of them."""

from dataclasses import dataclass

nan, inf = float("nan"), float("inf")


@dataclass(frozen=True)
class Excerpt:
    """A few lines of a log; ``loss``, ``step`` and ``columns`` are what is logged in it."""

    name: str
    text: str
    loss: list[float]
    step: list[int] | None
    columns: dict[str, list[float]]


EXCERPTS: list[Excerpt] = []


def _add(
    name: str, text: str, loss: list[float], step: list[int] | None = None, **columns: list[float]
) -> None:
    EXCERPTS.append(Excerpt(name, text, loss, step, columns))


_add(
    "megatron_ds",
    """[default7]: iteration    31214/  115311 | consumed samples:     47768496 | consumed tokens:  97829879808 | elapsed time per iteration (s): 106.46 | learning rate: 5.279E-05 | global batch size:  2048 | lm loss: 2.129642E+00 | grad norm: 0.140 | num zeros: 0.0 | number of skipped iterations:   0 | number of nan iterations:   0 | samples per second: 19.237 | TFLOPs: 152.22 |
[default7]: iteration    31215/  115311 | consumed samples:     47770544 | consumed tokens:  97834074112 | elapsed time per iteration (s): 106.36 | learning rate: 5.279E-05 | global batch size:  2048 | lm loss: NAN | grad norm: nan | num zeros: 0.0 | number of skipped iterations:   1 | number of nan iterations:   1 | samples per second: 19.255 | TFLOPs: 152.36 |
[default7]: iteration    31216/  115311 | consumed samples:     47772592 | consumed tokens:  97838268416 | elapsed time per iteration (s): 106.36 | learning rate: 5.279E-05 | global batch size:  2048 | grad norm: nan | number of skipped iterations:   2 | number of nan iterations:   2 | samples per second: 19.255 | TFLOPs: 152.36 |
[default7]:-----------------------------------------------------------------------------------------------
[default7]: validation loss at iteration 31216 | lm loss value: 2.12E+00 | lm loss PPL: 8.34E+00 |
""",
    [2.129642, nan],
    [31214, 31215],
    num_nan_steps=[0, 1, 2],
)
_add(
    "deepspeed",
    """[2023-05-01 10:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[1e-05, 1e-05], mom=[(0.9, 0.95), (0.9, 0.95)]
[2023-05-01 10:00:00,100] [INFO] [timer.py:199:stop] epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=12.1, CurrSamplesPerSec=12.3, MemAllocated=4.3GB, MaxMemAllocated=10.2GB
steps: 10 loss: 2.3456 iter time (s): 0.512 samples/sec: 31.2
[2023-05-01 10:00:05,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=1, lr=[2e-05, 2e-05], mom=[(0.9, 0.95), (0.9, 0.95)]
steps: 20 loss: 2.2456 iter time (s): 0.512 samples/sec: 31.2
steps: 30 loss: nan iter time (s): 0.512 samples/sec: 31.2
""",
    [2.3456, 2.2456, nan],
    [10, 20, 30],
)
_add(
    "nanogpt",
    """step 0: train loss 10.9880, val loss 10.9877
iter 0: loss 10.9869, time 15000.12ms, mfu -100.00%
iter 10: loss 9.5012, time 400.10ms, mfu 33.01%
iter 20: loss nan, time 400.10ms, mfu 33.01%
""",
    [10.9869, 9.5012, nan],
    [0, 10, 20],
)
_add(
    "llmc",
    """step    1/18865 | loss 11.009187 (+nanz)| norm 15.3568 (+nanz)| lr 8.57e-07 | 3056.36 ms | 42.6% bf16 MFU | 171546 tok/s
step    2/18865 | loss 10.952454 (+nanz)| norm 15.3061 (+nanz)| lr 1.71e-06 | 1700.20 ms | 76.6% bf16 MFU | 308413 tok/s
val loss 11.009483
step    3/18865 | loss nan (+nanz)| norm nan (+nanz)| lr 2.57e-06 | 1695.44 ms | 76.8% bf16 MFU | 308800 tok/s
""",
    [11.009187, 10.952454, nan],
    [1, 2, 3],
    grad_norm=[15.3568, 15.3061, nan],
    lr=[8.57e-7, 1.71e-6, 2.57e-6],
)
_add(
    "modded",
    """step:0/1770 val_loss:10.8258 train_time:0ms step_avg:nanms
step:1/1770 train_loss:10.8258 train_time:219ms step_avg:nanms
step:2/1770 train_loss:10.0627 train_time:320ms step_avg:nanms
step:3/1770 train_loss:9.8627 train_time:320ms step_avg:nanms
""",
    [10.8258, 10.0627, 9.8627],
    [1, 2, 3],
)
_add(
    "torchtitan",
    """[rank0]:[titan] 2024-10-30 14:08:55,364 - root - INFO - \x1b[31mstep:  1  \x1b[32mloss: 12.2564  \x1b[33mmemory:  5.47GiB(5.76%)  \x1b[34mtps: 1,122  \x1b[36mtflops: 8.12  \x1b[35mmfu: 2.60%\x1b[39m
[rank0]:[titan] 2024-10-30 14:08:56,364 - root - INFO - \x1b[31mstep: 10  \x1b[32mloss:  8.2564  \x1b[33mmemory:  5.47GiB(5.76%)  \x1b[34mtps: 1,122  \x1b[36mtflops: 8.12  \x1b[35mmfu: 2.60%\x1b[39m
[rank0]:[titan] 2024-10-30 14:08:57,364 - root - INFO - \x1b[31mstep: 20  \x1b[32mloss:  nan  \x1b[38;2;180;60;0mgrad_norm:  nan  \x1b[33mmemory:  5.47GiB(5.76%)  \x1b[34mtps: 1,122\x1b[39m
""",
    [12.2564, 8.2564, nan],
    [1, 10, 20],
)
_add(
    "torchtune",
    """Step 1 | loss:1.5839 lr:2e-05 tokens_per_second_per_gpu:2001.3 peak_memory_active:20.1 grad_norm:3.2
Step 2 | loss:1.5739 lr:2e-05 tokens_per_second_per_gpu:2001.3 peak_memory_active:20.1 grad_norm:3.3
Step 3 | loss:nan lr:2e-05 tokens_per_second_per_gpu:2001.3 peak_memory_active:20.1 grad_norm:nan
""",
    [1.5839, 1.5739, nan],
    [1, 2, 3],
    grad_norm=[3.2, 3.3, nan],
    lr=[2e-5] * 3,
)
_add(
    "axolotl",
    """{'loss': 1.2435, 'grad_norm': 0.91, 'learning_rate': 2e-05, 'epoch': 0.01}
{'loss': '1.2335', 'grad_norm': '0.92', 'learning_rate': '2e-05', 'epoch': '0.02'}
{'loss': 'nan', 'grad_norm': 'nan', 'learning_rate': '2e-05', 'epoch': '0.03'}
{'train_runtime': 12.0, 'train_samples_per_second': 1.0, 'train_loss': 1.0, 'epoch': 0.03}
""",
    [1.2435, 1.2335, nan],
    None,
    grad_norm=[0.91, 0.92, nan],
)
_add(
    "llamafactory_jsonl",
    """{"current_steps": 10, "total_steps": 1000, "loss": 1.8312, "lr": 4.9e-05, "epoch": 0.02, "percentage": 1.0, "elapsed_time": "0:00:10", "remaining_time": "0:16:30"}
{"current_steps": 20, "total_steps": 1000, "loss": 1.7312, "lr": 4.8e-05, "epoch": 0.04, "percentage": 2.0, "elapsed_time": "0:00:20", "remaining_time": "0:16:20"}
{"current_steps": 30, "total_steps": 1000, "loss": NaN, "lr": 4.8e-05, "epoch": 0.06, "percentage": 3.0, "elapsed_time": "0:00:30", "remaining_time": "0:16:10"}
""",
    [1.8312, 1.7312, nan],
    [10, 20, 30],
    lr=[4.9e-5, 4.8e-5, 4.8e-5],
)
_add(
    "fairseq_json",
    """2023-01-01 10:00:00 | INFO | train_inner | {"epoch": 1, "update": 0.1, "loss": "14.3", "nll_loss": "14.1", "ppl": "17000.1", "wps": "3000", "ups": "1.0", "wpb": "3000", "bsz": "100", "num_updates": "100", "lr": "1e-05", "gnorm": "2.5", "clip": "0", "loss_scale": "128", "train_wall": "10", "gb_free": "10.1", "wall": "20"}
2023-01-01 10:00:10 | INFO | fairseq.trainer | NOTE: gradient overflow detected, ignoring gradient, setting loss scale to: 64.0
2023-01-01 10:00:10 | INFO | train_inner | {"epoch": 1, "update": 0.2, "loss": "13.3", "nll_loss": "14.1", "ppl": "17000.1", "wps": "3000", "ups": "1.0", "wpb": "3000", "bsz": "100", "num_updates": "200", "lr": "2e-05", "gnorm": "2.5", "clip": "0", "loss_scale": "64", "train_wall": "10", "gb_free": "10.1", "wall": "20"}
""",
    [14.3, 13.3],
    [100, 200],
    loss_scale=[128, 64],
    grad_norm=[2.5, 2.5],
)
_add(
    "fairseq_simple",
    """2023-01-01 10:00:00 | INFO | train_inner | epoch 001:    100 / 4950 loss=14.351, nll_loss=14.1, ppl=20899.56, wps=49604, ups=0, wpb=277035.016, bsz=8563.074, num_updates=100, lr=4.84525e-06, gnorm=3.901, clip=0.000, loss_scale=64, train_wall=100, wall=0
2023-01-01 10:00:00 | INFO | train_inner | epoch 001:    200 / 4950 loss=13.351, nll_loss=14.1, ppl=20899.56, wps=49604, ups=0, wpb=277035.016, bsz=8563.074, num_updates=200, lr=5.84525e-06, gnorm=3.801, clip=0.000, loss_scale=64, train_wall=100, wall=0
2023-01-01 10:05:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 12.01 | nll_loss 11.5 | ppl 2900.1 | wps 100 | wpb 2000 | bsz 20 | num_updates 200
2023-01-01 10:00:00 | INFO | train_inner | epoch 002:    50 / 4950 loss=12.351, nll_loss=14.1, ppl=20899.56, wps=49604, ups=0, wpb=277035.016, bsz=8563.074, num_updates=300, lr=5.84525e-06, gnorm=3.801, clip=0.000, loss_scale=64, train_wall=100, wall=0
""",
    [14.351, 13.351, 12.351],
    [100, 200, 300],
)
_add(
    "mmengine",
    """2023/08/01 12:00:00 - mmengine - INFO - Epoch(train)  [1][  50/7330]  base_lr: 1.9820e-03 lr: 1.9820e-03  eta: 1 day, 0:10:20  time: 0.4950  data_time: 0.0120  memory: 3387  grad_norm: 15.2  loss: 2.2310  loss_cls: 1.1230  loss_bbox: 1.1080
2023/08/01 12:00:25 - mmengine - INFO - Epoch(train)  [1][ 100/7330]  base_lr: 1.9820e-03 lr: 3.9820e-03  eta: 1 day, 0:10:20  time: 0.4950  data_time: 0.0120  memory: 3387  grad_norm: nan  loss: nan  loss_cls: nan  loss_bbox: nan
2023/08/01 12:00:50 - mmengine - INFO - Epoch(val) [1][50/625]    eta: 0:00:50  time: 0.0801  data_time: 0.0020  memory: 500
""",
    [2.2310, nan],
    [50, 100],
    grad_norm=[15.2, nan],
)
_add(
    "mmdet_json",
    """{"env_info": "sys.platform: linux", "seed": 1, "exp_name": "a.py"}
{"mode": "train", "epoch": 1, "iter": 50, "lr": 0.001, "memory": 3000, "data_time": 0.05, "loss_rpn_cls": 0.6, "loss": 2.3, "time": 0.5, "grad_norm": 12.0}
{"mode": "train", "epoch": 1, "iter": 100, "lr": 0.002, "memory": 3000, "data_time": 0.05, "loss_rpn_cls": 0.6, "loss": NaN, "time": 0.5, "grad_norm": NaN}
{"mode": "val", "epoch": 1, "iter": 100, "lr": 0.002, "bbox_mAP": 0.1, "loss": 1.0}
{"mode": "train", "epoch": 2, "iter": 50, "lr": 0.002, "memory": 3000, "data_time": 0.05, "loss_rpn_cls": 0.6, "loss": 1.5, "time": 0.5, "grad_norm": 3.0}
""",
    [2.3, nan, 1.5],
    [50, 100, 50],
)
_add(
    "detectron2",
    """[11/01 20:14:15 d2.utils.events]:  eta: 5:41:49  iter: 379  total_loss: 1.707  loss_cls: 1.184  loss_box_reg: 0.475  time: 0.2293  last_time: 0.2210  data_time: 0.0033  last_data_time: 0.0030   lr: 0.003796  max_mem: 3782M
[11/01 20:14:20 d2.utils.events]:  eta: 5:41:49  iter: 399  total_loss: nan  loss_cls: nan  loss_box_reg: 0.475  time: 0.2293  last_time: 0.2210  data_time: 0.0033  last_data_time: 0.0030   lr: 0.003996  max_mem: 3782M
""",
    [1.707, nan],
    [379, 399],
    lr=[0.003796, 0.003996],
)
_add(
    "keras_cr",
    """Epoch 1/3\n  1/100 [..............................] - ETA: 1:00 - loss: 2.30\x08\x08\x08\x08\r 50/100 [=============>................] - ETA: 0:30 - loss: 2.10\r100/100 [==============================] - 5s 50ms/step - loss: 2.0000 - accuracy: 0.3 - val_loss: 1.9 - val_accuracy: 0.4\nEpoch 2/3\n 50/100 [=============>................] - ETA: 0:30 - loss: nan\r100/100 [==============================] - 5s 50ms/step - loss: nan - accuracy: 0.3 - val_loss: nan - val_accuracy: 0.4\nEpoch 3/3\n100/100 [==============================] - 5s 50ms/step - loss: nan - accuracy: 0.3 - val_loss: nan - val_accuracy: 0.4\n""",
    [2.0, nan, nan],
    [1, 2, 3],
    val_loss=[1.9, nan, nan],
)
_add(
    "keras3",
    """Epoch 1/3
\x1b[1m100/100\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m5s\x1b[0m 50ms/step - accuracy: 0.3000 - loss: 2.0000 - val_accuracy: 0.4000 - val_loss: 1.9000
Epoch 2/3
\x1b[1m100/100\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m5s\x1b[0m 50ms/step - accuracy: 0.3000 - loss: 1.8000 - val_accuracy: 0.4000 - val_loss: 1.7000
""",
    [2.0, 1.8],
    [1, 2],
)
_add(
    "mnist",
    """Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300039
Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.213470
Train Epoch: 1 [1280/60000 (2%)]\tLoss: nan

Test set: Average loss: 0.0500, Accuracy: 9800/10000 (98%)

Train Epoch: 2 [0/60000 (0%)]\tLoss: 0.300039
Train Epoch: 2 [640/60000 (1%)]\tLoss: 0.213470
""",
    [2.300039, 2.213470, nan, 0.300039, 0.213470],
    [0, 640, 1280, 0, 640],
)
_add(
    "imagenet",
    """Epoch: [0][   1/5005]\tTime  5.123 ( 5.123)\tData  3.210 ( 3.210)\tLoss 7.0012e+00 (7.0012e+00)\tAcc@1   0.00 (  0.00)\tAcc@5   0.39 (  0.39)
Epoch: [0][  11/5005]\tTime  0.321 ( 0.800)\tData  0.000 ( 0.300)\tLoss 6.9512e+00 (6.9912e+00)\tAcc@1   0.00 (  0.10)\tAcc@5   0.39 (  0.50)
Epoch: [0][  21/5005]\tTime  0.321 ( 0.800)\tData  0.000 ( 0.300)\tLoss nan (nan)\tAcc@1   0.00 (  0.10)\tAcc@5   0.39 (  0.50)
""",
    [7.0012, 6.9512, nan],
    [1, 11, 21],
)
_add(
    "lightning_bar",
    """Epoch 0:   0%|          | 0/100 [00:00<?, ?it/s]\rEpoch 0:   1%|          | 1/100 [00:00<00:10,  9.5it/s, loss=2.3, v_num=0]\rEpoch 0:  50%|█████     | 50/100 [00:05<00:05,  9.5it/s, loss=2.1, v_num=0]\rEpoch 0: 100%|██████████| 100/100 [00:10<00:00,  9.5it/s, loss=nan, v_num=0]\n""",
    [2.3, 2.1, nan],
    [1, 50, 100],
)
_add(
    "lightning2_bar",
    """Epoch 0:   1%|          | 1/100 [00:00<00:10,  9.5it/s, v_num=0, train_loss=2.300]\rEpoch 0:   2%|          | 2/100 [00:00<00:10,  9.5it/s, v_num=0, train_loss=2.200]\rEpoch 0:   3%|          | 3/100 [00:00<00:10,  9.5it/s, v_num=0, train_loss=nan.0]\n""",
    [2.3, 2.2, nan],
    [1, 2, 3],
)
_add(
    "gha",
    """2024-05-01T12:00:00.1234567Z step 1 loss 2.5
2024-05-01T12:00:01.1234567Z step 2 loss 2.4
2024-05-01T12:00:02.1234567Z step 3 loss inf
""",
    [2.5, 2.4, inf],
    [1, 2, 3],
)
_add(
    "srun",
    """0: step=1 loss=2.5 gnorm=1.0
1: step=1 loss=2.7 gnorm=1.0
0: step=2 loss=2.4 gnorm=1.1
1: step=2 loss=2.6 gnorm=1.1
0: step=3 loss=2.3 gnorm=1.1
1: step=3 loss=nan gnorm=1.1
""",
    [2.5, 2.4, 2.3],
    [1, 2, 3],
)
_add(
    "rank_prefix",
    """[rank0]: step 1 loss 2.5
[rank1]: step 1 loss 2.7
[rank1]: step 2 loss 2.6
[rank0]: step 2 loss 2.4
[rank0]: step 3 loss 2.3
[rank1]: step 3 loss 2.2
""",
    [2.5, 2.4, 2.3],
    [1, 2, 3],
)
_add(
    "nemo_bar",
    """Epoch 0: :   0%| | 9/10000 [00:20<6:20:30, v_num=0, reduced_train_loss=10.80, global_step=8.000, consumed_samples=72.0, train_step_timing in s=2.1]\rEpoch 0: :   0%| | 10/10000 [00:20<6:20:30, v_num=0, reduced_train_loss=10.70, global_step=9.000, consumed_samples=80.0, train_step_timing in s=2.1]\rEpoch 0: :   0%| | 11/10000 [00:20<6:20:30, v_num=0, reduced_train_loss=nan.0, global_step=10.00, consumed_samples=80.0, train_step_timing in s=2.1]\n""",
    [10.8, 10.7, nan],
    [8, 9, 10],
)
_add(
    "opennmt",
    """[2018-11-26 14:47:26,759 INFO] Step 5350/50000; acc:  51.25; ppl:  8.43; xent: 2.13; lr: 0.00066; 1320/1445 tok/s;  19995 sec
[2018-11-26 14:47:26,759 INFO] Step 5400/50000; acc:  51.25; ppl:   nan; xent: nan; lr: 0.00066; 1320/1445 tok/s;  19995 sec
""",
    [2.13, nan],
    [5350, 5400],
)
_add(
    "darknet",
    """1: 1000.123, 1000.123 avg loss, 0.000000 rate, 3.512 seconds, 64 images
Region 82 Avg IOU: -nan, Class: -nan, Obj: -nan, No Obj: 0.004668, .5R: -nan, .75R: -nan,  count: 0
2: 900.123, 990.123 avg loss, 0.000000 rate, 3.512 seconds, 128 images
3: 342823469128736498123649812364981236.000000, 99123649812364981236498123649812364.000000 avg loss, 0.000000 rate, 3.512 seconds, 192 images
""",
    [1000.123, 900.123, 342823469128736498123649812364981236.0],
    [1, 2, 3],
)
_add(
    "mlx",
    """Iter 1: Val loss 2.086, Val took 17.177s
Iter 10: Train loss 1.986, Learning Rate 1.000e-05, It/sec 0.561, Tokens/sec 123.4, Trained Tokens 2200, Peak mem 10.1 GB
Iter 20: Train loss nan, Learning Rate 1.000e-05, It/sec 0.561, Tokens/sec 123.4, Trained Tokens 4400, Peak mem 10.1 GB
""",
    [1.986, nan],
    [10, 20],
)
_add(
    "bigdl",
    """2017-08-20 16:11:38 INFO  DistriOptimizer$:295 - [Epoch 64 736512/1281167][Iteration 45457][Wall Clock 197331.83477254s] Train 1792 in 4.387814632seconds. Throughput is 408.40378 records/second. Loss is 1.2345.
2017-08-20 16:11:42 INFO  DistriOptimizer$:295 - [Epoch 64 738304/1281167][Iteration 45458][Wall Clock 197336.83477254s] Train 1792 in 4.387814632seconds. Throughput is 408.40378 records/second. Loss is Infinity.
""",
    [1.2345, inf],
    [45457, 45458],
)
_add(
    "dll",
    """DLL 2020-05-29 11:31:45.763470 - Training Epoch: 0 Training Iteration: 1787  average_loss : 2.354230079650879  step_loss : 3.146484375  learning_rate : 0.005360045911827694
DLL 2020-05-29 11:31:46.763470 - Training Epoch: 0 Training Iteration: 1788  average_loss : 2.354230079650879  step_loss : 3.246484375  learning_rate : 0.005360045911827694
""",
    [3.146484375, 3.246484375],
    [1787, 1788],
)
_add(
    "block",
    """Epoch 1/50
Train - Loss: 5.20, Recon: 4.0, KL: 1.2
Val   - Loss: inf, Recon: 1148064758133696000.0000, KL: inf
Epoch 2/50
Train - Loss: 4.20, Recon: 3.0, KL: 1.2
Val   - Loss: 5.1, Recon: 4.0000, KL: 1.1
""",
    [5.2, 4.2],
    [1, 2],
)
_add(
    "mxnet",
    """INFO:root:Epoch[0] Batch [20]\tSpeed: 2.84 samples/sec\tTrain-accuracy=0.787804
INFO:root:Epoch[0] Batch [300]\tSpeed: 2.84 samples/sec\tTrain-RPNAcc=0.787804,\tRPNLogLoss=0.394855,\tRPNL1Loss=0.736515,
INFO:root:Epoch[0] Batch [320]\tSpeed: 2.84 samples/sec\tTrain-RPNAcc=0.787804,\tRPNLogLoss=nan,\tRPNL1Loss=nan,
""",
    [0.394855, nan],
    [300, 320],
)
_add(
    "estimator",
    """INFO:tensorflow:loss = 0.0033215743, step = 63717 (1.122 sec)
INFO:tensorflow:global_step/sec: 89.1
INFO:tensorflow:loss = 0.0032215743, step = 63817 (1.122 sec)
""",
    [0.0033215743, 0.0032215743],
    [63717, 63817],
)
_add(
    "jax",
    """I0101 10:00:00.000000 140 train.py:100] [100] train_loss=2.5, lr=0.001, steps_per_second=3.1
I0101 10:00:00.000000 140 train.py:100] [200] train_loss=2.4, lr=0.001, steps_per_second=3.1
I0101 10:00:00.000000 140 train.py:100] [300] train_loss=nan, lr=0.001, steps_per_second=3.1
""",
    [2.5, 2.4, nan],
    [100, 200, 300],
)
_add(
    "olmo",
    """2024-03-01 10:00:00.000\tolmo-host:0\tolmo.train:967\tINFO\t[step=1/739328,epoch=0]
    optim/total_grad_norm=4.1203
    train/CrossEntropyLoss=11.20
    train/Perplexity=73120
    throughput/total_tokens=4,194,304
2024-03-01 10:00:10.000\tolmo-host:0\tolmo.train:967\tINFO\t[step=2/739328,epoch=0]
    optim/total_grad_norm=4.0203
    train/CrossEntropyLoss=11.10
    train/Perplexity=66120
    throughput/total_tokens=8,388,608
2024-03-01 10:00:20.000\tolmo-host:0\tolmo.train:967\tINFO\t[step=3/739328,epoch=0]
    optim/total_grad_norm=nan
    train/CrossEntropyLoss=nan
    train/Perplexity=nan
    throughput/total_tokens=8,388,608
""",
    [11.2, 11.1, nan],
    [1, 2, 3],
    grad_norm=[4.1203, 4.0203, nan],
)
_add(
    "nanotron",
    """01/01/2024 10:00:00 [INFO|DP=0|PP=0|TP=0]: iteration: 1 / 100 | consumed_tokens: 1.05M | elapsed_time_per_iteration_ms: 2.1K | tokens_per_sec: 500K | tokens_per_sec_per_gpu: 62.4K | global_batch_size: 512 | lm_loss: 11.1 | lr: 0.0001 | model_tflops_per_gpu: 30.1 | hardware_tflops_per_gpu: 30.1 | grad_norm: 5.2
01/01/2024 10:00:02 [INFO|DP=0|PP=0|TP=0]: iteration: 2 / 100 | consumed_tokens: 2.10M | elapsed_time_per_iteration_ms: 2.1K | tokens_per_sec: 500K | tokens_per_sec_per_gpu: 62.4K | global_batch_size: 512 | lm_loss: 10.9 | lr: 0.0001 | model_tflops_per_gpu: 30.1 | hardware_tflops_per_gpu: 30.1 | grad_norm: 5.1
""",
    [11.1, 10.9],
    [1, 2],
    grad_norm=[5.2, 5.1],
)
_add(
    "composer",
    """[batch=1/100]:
\t Train time/batch: 0
\t Train time/sample: 0
\t Train loss/train/total: 11.5
\t Train metrics/train/LanguageCrossEntropy: 11.4
[batch=2/100]:
\t Train time/batch: 1
\t Train time/sample: 512
\t Train loss/train/total: 11.2
\t Train metrics/train/LanguageCrossEntropy: 11.1
[batch=3/100]:
\t Train time/batch: 2
\t Train time/sample: 1024
\t Train loss/train/total: nan
\t Train metrics/train/LanguageCrossEntropy: nan
""",
    [11.5, 11.2, nan],
    [1, 2, 3],
)
_add(
    "fastai",
    """epoch     train_loss  valid_loss  accuracy  time    
0         2.345000    2.100000    0.330000  00:12     
1         2.245000    2.000000    0.340000  00:12     
2         nan         nan         0.100000  00:12     
""",
    [2.345, 2.245, nan],
    [0, 1, 2],
)
_add(
    "yolo",
    """      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
        1/3      8.6G      1.425      1.364      1.182        765        640:  50%|█████     | 10/20 [00:05<00:05,  2.0it/s]
        1/3      8.6G      1.405      1.354      1.172        765        640: 100%|██████████| 20/20 [00:10<00:00,  2.0it/s]
                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██████████| 4/4 [00:01<00:00,  3.0it/s]
                   all        107        938      0.469        0.4      0.381      0.211
      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
        2/3      8.6G        nan        nan        nan        765        640: 100%|██████████| 20/20 [00:10<00:00,  2.0it/s]
""",
    [1.405, nan],
    [1, 2],
)
_add(
    "spinningup",
    """---------------------------------------
|             Epoch |               1 |
|      AverageEpRet |            20.1 |
|            LossPi |        -0.00123 |
|             LossV |            12.3 |
---------------------------------------
---------------------------------------
|             Epoch |               2 |
|      AverageEpRet |            20.1 |
|            LossPi |        -0.00223 |
|             LossV |             nan |
---------------------------------------
""",
    [-0.00123, -0.00223],
    [1, 2],
)
_add(
    "sb3",
    """------------------------------------------
| rollout/                |              |
|    ep_rew_mean          | 22.1         |
| time/                   |              |
|    iterations           | 2            |
|    total_timesteps      | 4096         |
| train/                  |              |
|    approx_kl            | 0.0081       |
|    loss                 | 8.74         |
|    n_updates            | 10           |
------------------------------------------
------------------------------------------
| rollout/                |              |
|    ep_rew_mean          | 22.1         |
| time/                   |              |
|    iterations           | 3            |
|    total_timesteps      | 6144         |
| train/                  |              |
|    approx_kl            | 0.0081       |
|    loss                 | nan          |
|    n_updates            | 20           |
------------------------------------------
""",
    [8.74, nan],
    None,
)
_add(
    "gan_dcgan",
    """[0/5][0/1583]\tLoss_D: 1.7410\tLoss_G: 4.5538\tD(x): 0.4944\tD(G(z)): 0.5806 / 0.0167
[0/5][50/1583]\tLoss_D: 0.7410\tLoss_G: 14.5538\tD(x): 0.9944\tD(G(z)): 0.5806 / 0.0167
[0/5][100/1583]\tLoss_D: nan\tLoss_G: nan\tD(x): nan\tD(G(z)): nan / nan
""",
    [1.7410, 0.7410, nan],
    None,
)
_add(
    "plain_epoch",
    "Epoch 1, Loss: 0.693\nEpoch 2, Loss: 0.650\nEpoch 3, Loss: nan\n",
    [0.693, 0.65, nan],
    [1, 2, 3],
)
_add("dash", "iteration 1 - Loss-0.785\niteration 2 - Loss-0.685\n", [0.785, 0.685], [1, 2])
_add(
    "negative",
    "step 1 loss -0.785\nstep 2 loss: -1.5e+00\nstep 3 loss=-inf\n",
    [-0.785, -1.5, -inf],
    [1, 2, 3],
)
_add(
    "thousands",
    "step 1,000 | loss 2.5\nstep 2,000 | loss 2.4\nstep 3,000 | loss 2.3\n",
    [2.5, 2.4, 2.3],
    [1000, 2000, 3000],
)
_add(
    "trl",
    """{'loss': 0.6931, 'grad_norm': 5.1, 'learning_rate': 5e-07, 'rewards/chosen': 0.0, 'rewards/rejected': 0.0, 'rewards/accuracies': 0.0, 'logps/rejected': -200.1, 'epoch': 0.0}
{'loss': 0.6831, 'grad_norm': 5.0, 'learning_rate': 5e-07, 'rewards/chosen': 0.1, 'rewards/rejected': 0.0, 'rewards/accuracies': 0.5, 'logps/rejected': -200.1, 'epoch': 0.01}
""",
    [0.6931, 0.6831],
    None,
)
_add(
    "verl",
    """step:1 - global_seqlen/min:100 - actor/pg_loss:0.01 - actor/entropy_loss:0.5 - actor/grad_norm:0.2 - actor/lr:1e-06 - critic/vf_loss:1.2
step:2 - global_seqlen/min:100 - actor/pg_loss:nan - actor/entropy_loss:0.5 - actor/grad_norm:nan - actor/lr:1e-06 - critic/vf_loss:1.2
""",
    [0.01, nan],
    [1, 2],
    grad_norm=[0.2, nan],
)
_add(
    "espnet",
    """[host] 2023-01-01 10:00:00,000 (trainer:737) INFO: 1epoch:train:1-500batch: iter_time=0.001, forward_time=0.1, loss_ctc=200.1, loss_att=90.1, acc=0.1, loss=120.1, backward_time=0.1, grad_norm=50.1, clip=100.000, loss_scale=65536, optim_step_time=0.02, optim0_lr0=5.0e-06, train_time=0.3
[host] 2023-01-01 10:05:00,000 (trainer:737) INFO: 1epoch:train:501-1000batch: iter_time=0.001, forward_time=0.1, loss_ctc=nan, loss_att=90.1, acc=0.1, loss=nan, backward_time=0.1, grad_norm=nan, clip=100.000, loss_scale=32768, optim_step_time=0.02, optim0_lr0=5.0e-06, train_time=0.3
""",
    [120.1, nan],
    None,
    grad_norm=[50.1, nan],
    loss_scale=[65536, 32768],
)
_add(
    "kohya",
    """steps:   1%|          | 10/1000 [00:10<16:30,  1.00s/it, avr_loss=0.123]\rsteps:   1%|          | 11/1000 [00:11<16:30,  1.00s/it, avr_loss=0.125]\rsteps:   1%|          | 12/1000 [00:11<16:30,  1.00s/it, avr_loss=nan]\n""",
    [0.123, 0.125, nan],
    [10, 11, 12],
)
_add(
    "apex",
    """Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0
step: 10 loss: 3.5 scale: 32768.0
Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 16384.0
step: 20 loss: 3.4 scale: 16384.0
""",
    [3.5, 3.4],
    [10, 20],
    loss_scale=[32768, 16384],
)
_add("tsv", "step\tloss\n1\t2.5\n2\t2.4\n3\tnan\n", [2.5, 2.4, nan], [1, 2, 3])
_add("semicolon", "epoch;loss;lr\n1;2.5;0.1\n2;NaN;0.1\n3;-inf;0.1\n", [2.5, nan, -inf], [1, 2, 3])
_add(
    "csv_tensor",
    "step,loss\n0,\"tensor(2.5, device='cuda:0')\"\n1,\"tensor(nan, device='cuda:0')\"\n",
    [2.5, nan],
    [0, 1],
)
_add("csv_hash", "# run 3\nstep, loss\n0, 2.5\n1, inf\n2, 3\n", [2.5, inf, 3], [0, 1, 2])
_add("bareline", "2.1 2.0 1.9 8734.5 nan", [2.1, 2.0, 1.9, 8734.5, nan], None)
_add("barecomma", "2.1, 2.0, 1.9, 8734.5, inf\n", [2.1, 2.0, 1.9, 8734.5, inf], None)
_add("bare", "2.1\n2.0\nNaN\n-inf\n", [2.1, 2.0, nan, -inf], None)
_add("barejson", "[2.1, 2.0, NaN, null]", [2.1, 2.0, nan, nan], None)
_add(
    "json_array",
    '[{"step":1,"loss":2.5},{"step":2,"loss":null},{"step":3,"loss":"Infinity"}]',
    [2.5, nan, inf],
    [1, 2, 3],
)
_add(
    "kerashist",
    '{"loss": [2.5, 2.4, NaN], "val_loss": [2.6, 2.5, NaN], "lr": [0.1,0.1,0.1]}',
    [2.5, 2.4, nan],
    None,
    lr=[0.1] * 3,
)
_add(
    "jsonl_nested",
    '{"step": 1, "metrics": {"train": {"loss": 2.5}}}\n{"step": 2, "metrics": {"train": {"loss": 2.4}}}\n',
    [2.5, 2.4],
    [1, 2],
)
_add(
    "jsonl_long",
    '{"step": 1, "name": "train/loss", "value": 2.5}\n{"step": 1, "name": "lr", "value": 0.1}\n{"step": 2, "name": "train/loss", "value": 2.4}\n',
    [2.5, 2.4],
    [1, 2],
)
_add(
    "restart",
    "step 1 loss 2.5\nstep 2 loss 2.4\nstep 3 loss 2.3\nstep 1 loss 2.5\nstep 2 loss 2.41\nstep 3 loss 2.31\n",
    [2.5, 2.4, 2.3, 2.5, 2.41, 2.31],
    [1, 2, 3, 1, 2, 3],
)
_add("loss_first", "loss: 2.5 at step 10\nloss: 2.4 at step 20\n", [2.5, 2.4], [10, 20])
_add(
    "traintest",
    "Epoch 1: train loss 2.5, test loss 2.6, lr 0.1\nEpoch 2: train loss 2.4, test loss nan, lr 0.1\n",
    [2.5, 2.4],
    [1, 2],
)
_add(
    "pipe_table",
    "| step | loss | lr |\n|------|------|----|\n| 1 | 2.5 | 0.1 |\n| 2 | nan | 0.1 |\n",
    [2.5, nan],
    [1, 2],
)
_add("whitespace_csv", "step loss lr\n1 2.5 0.1\n2 nan 0.1\n", [2.5, nan], [1, 2])
_add("quoted", "> step 1: loss = 2.5\n> step 2: loss = nan\n", [2.5, nan], [1, 2])
_add(
    "unsloth",
    """  0%|          | 0/60 [00:00<?, ?it/s]\n{'loss': 1.8, 'grad_norm': 0.3, 'learning_rate': 4e-05, 'epoch': 0.01}\n  2%|▏         | 1/60 [00:05<05:00,  5.08s/it]\n{'loss': 1.7, 'grad_norm': 0.3, 'learning_rate': 4e-05, 'epoch': 0.02}\n""",
    [1.8, 1.7],
    None,
)
_add(
    "hf_notebook_table",
    "Step\tTraining Loss\n10\t2.5\n20\t2.4\n30\t0.000000\n",
    [2.5, 2.4, 0],
    [10, 20, 30],
)
_add(
    "ddp_rank",
    "RANK: 1 Train Epoch: 0 [0/50000 (0%)]\tLoss: 2.37\nRANK: 0 Train Epoch: 0 [0/50000 (0%)]\tLoss: 2.38\nRANK: 0 Train Epoch: 0 [64/50000 (0%)]\tLoss: 2.18\nRANK: 1 Train Epoch: 0 [64/50000 (0%)]\tLoss: 2.17\n",
    [2.38, 2.18],
    [0, 64],
)
_add(
    "logfmt",
    'ts=2024-01-01T10:00:00Z level=info msg="train" step=1 loss=2.5 lr=0.001\nts=2024-01-01T10:00:01Z level=info msg="train" step=2 loss=nan lr=0.001\n',
    [2.5, nan],
    [1, 2],
)
_add(
    "gpt_neox",
    """ samples/sec: 21.5 | iteration      100/  320000 | elapsed time per iteration (ms): 2970.3 | learning rate: 6.000E-07 | approx flops per GPU: 50.1TFLOPS | lm_loss: 1.042345E+01 | loss scale: 65536.0 | number of skipped iterations:   0 | number of nan iterations:   0 |
 samples/sec: 21.5 | iteration      110/  320000 | elapsed time per iteration (ms): 2970.3 | learning rate: 6.600E-07 | approx flops per GPU: 50.1TFLOPS | lm_loss: NAN | loss scale: 32768.0 | number of skipped iterations:   1 | number of nan iterations:   1 |
""",
    [10.42345, nan],
    [100, 110],
    loss_scale=[65536, 32768],
)
_add(
    "flax",
    "Epoch... (39/116 | Loss: 0.18779703974723816)\nEpoch... (40/116 | Loss: 0.17)\n",
    [0.18779703974723816, 0.17],
    [39, 40],
)
_add(
    "grad_desc",
    "m -5.0820333396910965e+35, b -1.0389559623628228e+34, cost 4.57760985674227e+74 iteration 997\nm -5.1e+35, b -1.0e+34, cost inf iteration 998\n",
    [4.57760985674227e74, inf],
    [997, 998],
)
_add(
    "steploss",
    "step 12839 \t loss = 0.403, (1.025 sec/step)\nstep 12840 \t loss = 0.503, (1.025 sec/step)\n",
    [0.403, 0.503],
    [12839, 12840],
)
_add(
    "nostep",
    "2018-03-23 15:29:33,355:INFO: train loss:1.10886\n2018-03-23 15:29:34,355:INFO: train loss:1.00886\n2018-03-23 15:29:35,355:INFO: train loss:nan\n",
    [1.10886, 1.00886, nan],
    None,
)
_add(
    "cost",
    "> Iteration 7 || Cost = inf || w = -inf\n> Iteration 8 || Cost = nan || w = nan\n",
    [inf, nan],
    [7, 8],
)
_add(
    "gluon",
    "  epoch 14, loss: inf\n  epoch 15, loss: 340282346638528859811704183484516925440.000000\n",
    [inf, 3.4028234663852886e38],
    [14, 15],
)
_add(
    "deit",
    '{"train_lr": 8.1e-05, "train_loss": 3.2, "epoch": 249, "n_parameters": 11590840}\n{"train_lr": 8.1e-05, "train_loss": 3.1, "epoch": 250, "n_parameters": 11590840}\n',
    [3.2, 3.1],
    [249, 250],
)
_add(
    "onmt_old",
    "Epoch  2, 52600/733817; acc:  42.20; ppl:  22.37; 998 src tok/s; 1132 tgt tok/s;   6234 s elapsed\nEpoch  2, 52650/733817; acc:  42.20; ppl:  22.30; 998 src tok/s; 1132 tgt tok/s;   6234 s elapsed\n",
    [22.37, 22.3],
    [52600, 52650],
)
_add(
    "tqdm_desc",
    "Training (Epoch 1/3): loss=2.3012:  10%|#         | 10/100 [00:01<00:09, 9.8it/s]\rTraining (Epoch 1/3): loss=2.2012:  20%|##        | 20/100 [00:01<00:09, 9.8it/s]\n",
    [2.3012, 2.2012],
    [10, 20],
)
_add(
    "rllib",
    "Iteration 1: reward=2.1, policy_loss=0.1, value_loss=0.5, total_loss=0.6\nIteration 2: reward=2.1, policy_loss=nan, value_loss=0.5, total_loss=nan\n",
    [0.6, nan],
    [1, 2],
)
_add(
    "loguru",
    "2024-01-01 10:00:00.123 | INFO     | __main__:train:45 - epoch=1 step=100 loss=0.532 lr=1.0e-04\n2024-01-01 10:00:01.123 | INFO     | __main__:train:45 - epoch=1 step=200 loss=0.432 lr=1.0e-04\n",
    [0.532, 0.432],
    [100, 200],
)
_add(
    "yololike",
    "Epoch 1/100 | Train Loss: 0.693 | Val Loss: 0.700 | LR: 0.001 | Time: 12.3s\nEpoch 2/100 | Train Loss: 0.593 | Val Loss: 0.600 | LR: 0.001 | Time: 12.3s\n",
    [0.693, 0.593],
    [1, 2],
)
_add(
    "paren",
    "[epoch 1][step 10] loss: 2.31 (avg: 2.5) grad_norm: 0.5\n[epoch 1][step 20] loss: 2.21 (avg: 2.4) grad_norm: inf\n",
    [2.31, 2.21],
    [10, 20],
)
_add(
    "k8s",
    "2024-05-01T12:00:00.123456789Z stdout F step=1 loss=2.5\n2024-05-01T12:00:01.123456789Z stdout F step=2 loss=2.4\n",
    [2.5, 2.4],
    [1, 2],
)
_add(
    "torchrun",
    "[1,0]<stdout>:step 1 loss 2.5\n[1,1]<stdout>:step 1 loss 2.6\n[1,0]<stdout>:step 2 loss 2.4\n[1,1]<stdout>:step 2 loss 2.5\n[1,0]<stdout>:step 3 loss 2.4\n[1,1]<stdout>:step 3 loss 2.5\n",
    [2.5, 2.4, 2.4],
    [1, 2, 3],
)
_add(
    "ray",
    "(TrainWorker pid=123, ip=10.0.0.1) step 1: loss=2.5\n(TrainWorker pid=123, ip=10.0.0.1) step 2: loss=2.4\n",
    [2.5, 2.4],
    [1, 2],
)
_add(
    "maxtext",
    "completed step: 0, seconds: 10.1, TFLOP/s/device: 1.2, Tokens/s/device: 30.1, total_weights: 1024, loss: 10.871\ncompleted step: 1, seconds: 10.1, TFLOP/s/device: 1.2, Tokens/s/device: 30.1, total_weights: 1024, loss: nan\n",
    [10.871, nan],
    [0, 1],
)
_add(
    "levanter",
    "2024-01-01T00:00:00 - 0 - levanter.trainer - INFO - loss: 2.5 step: 1\n2024-01-01T00:00:00 - 0 - levanter.trainer - INFO - loss: 2.4 step: 2\n",
    [2.5, 2.4],
    [1, 2],
)
_add(
    "charrnn",
    "1/17800 (epoch 0), train_loss = 4.197, time/batch = 0.315\n2/17800 (epoch 0), train_loss = 4.1, time/batch = 0.315\n",
    [4.197, 4.1],
    [1, 2],
)
_add(
    "diffusers",
    "Steps:   1%|          | 10/1000 [00:10<16:30,  1.00s/it, lr=1e-5, step_loss=0.123]\rSteps:   1%|          | 11/1000 [00:10<16:30,  1.00s/it, lr=1e-5, step_loss=nan]\n",
    [0.123, nan],
    [10, 11],
)
_add(
    "openclip",
    "2024-01-01,00:00:00 | INFO | Train Epoch: 0 [  256/10000 (3%)] Data (t): 1.1 Batch (t): 2.0, 128/s LR: 0.0001 Logit Scale: 14.28 Contrastive_loss: 5.5 (5.5) Loss: 5.5 (5.5)\n2024-01-01,00:00:00 | INFO | Train Epoch: 0 [  512/10000 (5%)] Data (t): 1.1 Batch (t): 2.0, 128/s LR: 0.0001 Logit Scale: 14.28 Contrastive_loss: nan (nan) Loss: nan (nan)\n",
    [5.5, nan],
    [256, 512],
)
_add("comma_dec", "step;loss\n1;2,5\n2;2,4\n", [2.5, 2.4], [1, 2])
_add(
    "rlhf",
    "episode 1 | reward 2.1 | actor loss nan | critic loss 0.5\nepisode 2 | reward 2.1 | actor loss 0.1 | critic loss 0.5\n",
    [nan, 0.1],
    [1, 2],
)
_add(
    "swift",
    "{'loss': 2.5, 'grad_norm': 1.0, 'learning_rate': 1e-06, 'token_acc': 0.5, 'epoch': 0.01, 'global_step/max_steps': '1/100', 'percentage': '1.00%', 'elapsed_time': '5s'}\n{'loss': 2.4, 'grad_norm': 1.0, 'learning_rate': 1e-06, 'token_acc': 0.5, 'epoch': 0.02, 'global_step/max_steps': '2/100', 'percentage': '2.00%', 'elapsed_time': '5s'}\n",
    [2.5, 2.4],
    [1, 2],
)
_add(
    "metaseq",
    '2022-01-01 10:00:00 | INFO | train_inner | {"epoch": 1, "actv_norm": "1.1", "loss": "8.1", "ppl": "274", "num_updates": "10", "lr": "1e-05", "gnorm": "1.2", "loss_scale": "4"}\n2022-01-01 10:00:00 | INFO | train_inner | {"epoch": 1, "actv_norm": "1.1", "loss": "8.0", "ppl": "274", "num_updates": "20", "lr": "1e-05", "gnorm": "1.2", "loss_scale": "4"}\n',
    [8.1, 8.0],
    [10, 20],
)
_add(
    "mxnet_two_metrics",
    """Epoch[4] Batch [20] Speed: 6.4 samples/sec Train-CrossEntropy=0.61
Epoch[4] Batch [20] Speed: 6.4 samples/sec Train-SmoothL1=1.52
Epoch[4] Batch [40] Speed: 6.5 samples/sec Train-CrossEntropy=0.59
Epoch[4] Batch [40] Speed: 6.5 samples/sec Train-SmoothL1=1.54
Epoch[4] Train-CrossEntropy=nan
""",
    [0.61, 0.59],
    [20, 40],
)
_add(
    "espnet_summary",
    """(trainer:737) INFO: 1epoch:train:1-100batch: iter_time=6.8e-04, loss_ctc=28.8, acc=0.07, loss=25.1, grad_norm=54.6, optim0_lr0=1.3e-04
(trainer:737) INFO: 1epoch:train:101-200batch: iter_time=1.5e-04, loss_ctc=12.4, acc=0.31, loss=15.2, grad_norm=43.9, optim0_lr0=4.0e-04
(trainer:343) INFO: 1epoch results: [train] iter_time=2.7e-04, loss_ctc=20.6, acc=0.21, loss=20.2, grad_norm=49.2
""",
    [25.1, 15.2],
    [100, 200],
    grad_norm=[54.6, 43.9],
)
_add(
    "two_counters",
    "7 158 Loss=0.31 Time=0.04\n7 159 Loss=0.29 Time=0.04\n8 1 Loss=nan Time=0.04\n",
    [0.31, 0.29, nan],
    [158, 159, 1],
)
_add(
    "catboost",
    "58:\tlearn: 0.4612\ttest: 0.5234\tbest: 0.5234 (58)\ttotal: 6m 4s\tremaining: 1m 6s\n"
    "59:\tlearn: 0.4527\ttest: 0.5227\tbest: 0.5227 (59)\ttotal: 6m 5s\tremaining: 1m 9s\n"
    "60:\tlearn: nan\ttest: nan\tbest: 0.5227 (59)\ttotal: 7m 2s\tremaining: 1m 2s\n",
    [0.4612, 0.4527, nan],
    [58, 59, 60],
)
_add(
    "boxed_table",
    """[------------] Epoch      Train log_loss       Test log_loss      Time cost (sec)
[   10%      ]     1            0.694213            0.702344                 1.07
[   20%      ]     2                -nan                -nan                 1.18
""",
    [0.694213, nan],
    [1, 2],
)
_add(
    "yolo_parts_and_total",
    """     Epoch   gpu_mem      GIoU       obj       cls     total   targets  img_size
     3/299    0.46G   0.05096   0.01756   0.02623   0.09475         1       416: 100%|####| 29/29 [00:29<00:00, 10.0it/s]
     4/299    0.46G   0.05016   0.01726   0.02523   0.09265         1       416: 100%|####| 29/29 [00:29<00:00, 10.0it/s]
""",
    [0.09475, 0.09265],
    [3, 4],
)
_add(
    "words_parted_by_one_space",
    "epoch train loss valid loss accuracy\n0 0.612 0.610 0.71\n1 nan nan 0.52\n",
    [0.612, nan],
    [0, 1],
)
_add(
    "validation_without_a_name",
    """[12:00:01] batch count: 220/308, iter: 220, loss: 0.0956
[12:00:02] batch count: 240/308, iter: 240, loss: 0.0967
[12:00:03] Validation at epoch 5
[12:00:04] batch count: 0/30, iter: 0, loss: 0.1758
[12:00:05] batch count: 20/30, iter: 20, loss: 0.1888
[12:00:06] Epoch: 6/9
[12:00:07] batch count: 20/308, iter: 20, loss: 0.0938
""",
    [0.0956, 0.0967, 0.0938],
    [220, 240, 20],
)
_add(
    "kaldi",
    """LOG (nnet3-train) Average objective function for 'output' for minibatches 40-49 is -3.504 over 1953 frames.
LOG (nnet3-train) Average objective function for 'output' for minibatches 50-59 is -3.279 over 1942 frames.
""",
    [-3.504, -3.279],
    [40, 50],
)
_add(
    "after_iteration",
    "Cost after iteration 0: 0.6931\nCost after iteration 100: 0.6121\nCost after iteration 200: nan\n",
    [0.6931, 0.6121, nan],
    [0, 100, 200],
)
_add(
    "indexed_loss",
    "train_batch_loss[ 10 ]:  1.574\ntrain_batch_loss[ 20 ]:  2.035\ntrain_batch_loss[ 30 ]:  nan\n",
    [1.574, 2.035, nan],
    [10, 20, 30],
)
_add(
    "bare_tensors",
    "tensor(3.2207, device='cuda:0')\ntensor(2.2, device='cuda:0')\ntensor(nan, device='cuda:0')\n",
    [3.2207, 2.2, nan],
)
_add(
    "gan_letters",
    "(epoch: 1, iters: 100, time: 0.4) D_A: 0.31 G_A: 0.52 cycle_A: 1.2\n"
    "(epoch: 1, iters: 200, time: 0.4) D_A: 0.28 G_A: 0.55 cycle_A: 1.1\n",
    [0.31, 0.28],
    [100, 200],
)
_add(
    "side_terms",
    "step:1 - actor/entropy_loss:0.31 - actor/pg_loss:0.024 - actor/grad_norm:1.2\n"
    "step:2 - actor/entropy_loss:0.30 - actor/pg_loss:0.021 - actor/grad_norm:1.1\n",
    [0.024, 0.021],
    [1, 2],
    grad_norm=[1.2, 1.1],
)
_add(
    "percent_is_no_step",
    "Steps:   0%| | 1/500 [00:09<16:00, 9.7s/it, loss=0.31, lr=1e-6]\r"
    "Steps:   0%| | 2/500 [00:09<06:47, 4.1s/it, loss=0.29, lr=1e-6]\r"
    "Steps:   1%| | 3/500 [00:10<03:51, 2.3s/it, loss=nan, lr=1e-6]\r",
    [0.31, 0.29, nan],
    [1, 2, 3],
)
_add(
    "unit_behind_the_number_before",
    "step:1/9 train_time:219ms step_avg:2.1ms train_loss:4.61\n"
    "step:2/9 train_time:220ms step_avg:2.1ms train_loss:4.52\n",
    [4.61, 4.52],
    [1, 2],
)
_add(
    "step_announced_between_epochs",
    """iteration 9/10000
epoch 1/2
epoch 2/2
steps_per_s=443.3, loss=0.2225, entropy=7.4
iteration 10/10000
epoch 1/2
epoch 2/2
steps_per_s=428.6, loss=0.1637, entropy=7.5
""",
    [0.2225, 0.1637],
    [9, 10],
)
_add(
    "train_and_test_bars_of_an_epoch",
    """Epoch: [1 | 20] LR: 0.100000
Processing |####| (56/56) | Total: 0:00:03 | Loss: 0.0897 | top1: 52.8
Processing |####| (32/32) | Total: 0:00:08 | Loss: 1.9010 | top1: 60.0 | top1_task: 60.0
Epoch: [2 | 20] LR: 0.100000
Processing |####| (56/56) | Total: 0:00:03 | Loss: 0.0334 | top1: 57.3
Processing |####| (32/32) | Total: 0:00:08 | Loss: 1.7808 | top1: 72.2 | top1_task: 72.2
""",
    [0.0897, 0.0334],
    [1, 2],
)
_add(
    "means_below_batches",
    """| epoch 009:   1000 / 2737 loss=6.22, ppl=33.6, num_updates=22897, lr=0.00021, gnorm=1.24
| epoch 009:   2000 / 2737 loss=6.23, ppl=33.9, num_updates=23897, lr=0.00020, gnorm=1.24
| epoch 009 | loss 6.24 | ppl 33.94 | num_updates 24633 | lr 0.00020 | gnorm 1.24
| epoch 009 | valid on 'valid' subset | loss 6.37 | ppl 35.4 | num_updates 24633 | best 6.37
| epoch 010:   1000 / 2737 loss=6.14, ppl=31.6, num_updates=25634, lr=0.00019, gnorm=1.27
| epoch 010:   2000 / 2737 loss=6.15, ppl=31.6, num_updates=26634, lr=0.00019, gnorm=1.27
| epoch 010 | loss 6.16 | ppl 33.94 | num_updates 27370 | lr 0.00020 | gnorm 1.24
""",
    [6.22, 6.23, 6.14, 6.15],
    [22897, 23897, 25634, 26634],
)
_add(
    "full_width_chinese",
    "训练次数：100, Loss：1.98\n训练次数：200, Loss：1.90\n整体测试集上的Loss: 262.6\n训练次数：300, Loss：nan\n",
    [1.98, 1.90, nan],
    [100, 200, 300],
)
_add(
    "chinese_words",
    "第1轮 训练损失: 0.61, 验证损失: 0.72\n第2轮 训练损失: 0.58, 验证损失: 0.70\n",
    [0.61, 0.58],
    [1, 2],
)
_add(
    "drawn_table",
    "│ epoch │ train_loss │ val_loss │\n├───────┼────────────┼──────────┤\n"
    "│     0 │ 0.6121     │ 0.7121   │\n│     1 │ 0.5921     │ 0.7021   │\n",
    [0.6121, 0.5921],
    [0, 1],
)
_add(
    "container",
    '{"log":"step=1 loss=0.61 grad_norm=1.2\\n","stream":"stdout","time":"2023-01-01T00:00:01.1Z"}\n'
    '{"log":"step=2 loss=nan grad_norm=nan\\n","stream":"stdout","time":"2023-01-01T00:00:02.1Z"}\n',
    [0.61, nan],
    [1, 2],
    grad_norm=[1.2, nan],
)
_add(
    "json_lines_with_bare_nan",
    '{"step": 1, "loss": 0.61}\n{"step": 2, "loss": nan}\n{"step": 3, "loss": -inf}\n',
    [0.61, nan, -inf],
    [1, 2, 3],
)
_add(
    "json_nested_histories",
    '{"config": {"lr": 0.1}, "history": {"train": {"loss": [0.61, 0.59]}, "val": {"loss": [0.7, 0.8]}}}',
    [0.61, 0.59],
)
_add(
    "json_by_epoch",
    '{"0": {"train_loss": 0.61, "val_loss": 0.7}, "1": {"train_loss": 0.59, "val_loss": 0.8}}',
    [0.61, 0.59],
    [0, 1],
)
_add(
    "tensorboard_points",
    "[[1600000000.1, 0, 0.61], [1600000001.2, 10, 0.59], [1600000002.3, 20, NaN]]",
    [0.61, 0.59, nan],
    [0, 10, 20],
)
_add(
    "tensorboard_csv",
    "Wall time,Step,Value\n1671000001.1,0,0.61\n1671000002.1,10,0.59\n",
    [0.61, 0.59],
    [0, 10],
)
_add(
    "printed_lists",
    "{'loss': [0.61, 0.59, nan], 'val_loss': [0.7, 0.8, nan]}",
    [0.61, 0.59, nan],
)
_add(
    "decimal_commas_and_nan",
    "epoch;loss;val_loss\n1;4,56212;4,93212\n2;4,26388;4,63388\n3;nan;nan\n",
    [4.56212, 4.26388, nan],
    [1, 2, 3],
)
_add(
    "pandas_prints",
    "       step        loss   grad_norm\n0         0    4.565406    0.900000\n1        10    4.336667    0.800000\n2        20         nan         nan\n",
    [4.565406, 4.336667, nan],
    [0, 10, 20],
    grad_norm=[0.9, 0.8, nan],
)
_add(
    "epoch_and_step_in_one_box",
    "14:17:25 0.66 b/s,lr:0.0004,[2/100:5/500] ==> loss:26.19\n"
    "14:17:32 0.65 b/s,lr:0.0004,[2/100:10/500] ==> loss:6.847\n"
    "14:17:40 0.68 b/s,lr:0.0004,[2/100:15/500] ==> loss:nan\n",
    [26.19, 6.847, nan],
    [5, 10, 15],
)
_add(
    "total_behind_its_parts",
    "iter 1 loss_cls: 0.5 loss_box: 0.2 total_loss: 0.7\n"
    "iter 2 loss_cls: 0.4 loss_box: 0.2 total_loss: 0.6\n",
    [0.7, 0.6],
    [1, 2],
)
_add(
    "mean_loss_below_the_loss",
    "epoch 1 batch 10 batch_loss 0.9 loss 0.71\nepoch 1 batch 20 batch_loss 0.8 loss 0.61\n",
    [0.71, 0.61],
    [10, 20],
)
_add(
    "boxed_rows_under_a_plain_header",
    """                   Epoch      Train log_loss     Time cost (sec)
[   10%      ]     1            0.694213                0.29
[   20%      ]     2                 nan                0.20
[   30%      ]     3                 nan                0.20
[   40%      ]     4                 nan                0.20
[   50%      ]     5                 nan                0.20
""",
    [0.694213, nan, nan, nan, nan],
    [1, 2, 3, 4, 5],
)
_add(
    "table_of_lists",
    """Step      Train loss              Test loss               Test metric
0         [4.52e+00, 1.0e-01]     [4.89e+00, 2.0e-01]     []
1000      [4.19e+00, 1.0e-02]     [4.56e+00, 2.0e-02]     []
""",
    [4.52, 4.19],
    [0, 1000],
)
_add(
    "batches_within_epochs",
    "[Epoch 0/9] [Batch 0/93] [loss: 1.4]\n[Epoch 0/9] [Batch 50/93] [loss: 1.3]\n"
    "[Epoch 1/9] [Batch 7/93] [loss: 1.2]\n[Epoch 1/9] [Batch 57/93] [loss: 1.1]\n"
    "[Epoch 2/9] [Batch 14/93] [loss: 1.0]\n",
    [1.4, 1.3, 1.2, 1.1, 1.0],
    [0, 50, 7, 57, 14],
)
_add(
    "mean_of_an_epoch_that_is_done",
    "epoch: 0, batch_id: 0, loss:0.5\nepoch: 0, batch_id: 500, loss:0.4\nepoch: 0 done, loss:0.45\n"
    "epoch: 1, batch_id: 0, loss:0.3\nepoch: 1, batch_id: 500, loss:0.2\nepoch: 1 done, loss:0.25\n",
    [0.5, 0.4, 0.3, 0.2],
    [0, 500, 0, 500],
)
_add(
    "counter_alone_on_its_line",
    "Training...\n1 / 20\nAvg_train_loss: 0.62\nAvg_val_loss: 0.6\n"
    "2 / 20\nAvg_train_loss: 0.5\nAvg_val_loss: 0.51\n3 / 20\nAvg_train_loss: 0.4\nAvg_val_loss: 0.5\n",
    [0.62, 0.5, 0.4],
    [1, 2, 3],
)
_add(
    "bars_of_two_lengths",
    """Epoch: 0
 [=========================== 391/391 ============================>]  Step: 9ms | Tot: 9s585ms | Loss: 1.942 | Acc: 26.208% (13104/50000)
 [=========================== 100/100 ============================>]  Step: 11ms | Tot: 1s162ms | Loss: 1.801 | Acc: 32.840% (3284/10000)

Epoch: 1
 [=========================== 391/391 ============================>]  Step: 9ms | Tot: 9s585ms | Loss: 1.742 | Acc: 33.208% (16604/50000)
 [=========================== 100/100 ============================>]  Step: 11ms | Tot: 1s162ms | Loss: 1.601 | Acc: 37.840% (3784/10000)
""",
    [1.942, 1.742],
    [0, 1],
)
_add(
    "bar_over_the_remains_of_a_longer_one",
    "Epoch 1/2\n9/9 [====] - 0s - loss: 0.7 - acc: 0.5     - ETA: 0s - loss: 0.8 - acc\n"
    "Epoch 2/2\n9/9 [====] - ETA: 0s - loss: 0.9 - acc: 0.9 - 0s - loss: 0.6 - acc: 0.6\n",
    [0.7, 0.6],
    [1, 2],
)
_add(
    "evaluation_in_chinese",
    "Epoch 2 步骤 [10/48] 损失: 4.6 学习率: 0.00016\nEpoch 2 步骤 [20/48] 损失: 4.5 学习率: 0.00016\n"
    "INFO - Epoch 2 评估完成 - 损失: 0.4, 准确率: 27.29%\nEpoch 3 步骤 [10/48] 损失: 4.1 学习率: 0.0009\n",
    [4.6, 4.5, 4.1],
    [10, 20, 10],
)
_add(
    "german",
    "Epoche 1: Trainingsverlust = 2.5, Validierungsverlust = 2.6\n"
    "Epoche 2: Trainingsverlust = 2.1, Validierungsverlust = 2.4\n",
    [2.5, 2.1],
    [1, 2],
)
_add("epochs_by_tens", "Epochs(/10),Loss\n1,3.2\n2,3.1\n3,3.0\n", [3.2, 3.1, 3.0], [1, 2, 3])
_add(
    "epoch_behind_other_words",
    "Epoch: 1  Training Loss: 0.3  Validation Loss: 0.4\n"
    "Validation loss decreased (inf --> 0.4).  Saving model ...Epoch: 2  Training Loss: 0.2  Validation Loss: 0.3\n"
    "Validation loss decreased (0.4 --> 0.3).  Saving model ...Epoch: 3  Training Loss: 0.1  Validation Loss: 0.3\n",
    [0.3, 0.2, 0.1],
    [1, 2, 3],
)
_add(
    "running_count_of_batches",
    "==== Epoch 1 / 3 ====\nTraining Batch: 97it [01:00,  1.61it/s]\n Validation Loss: 0.43\n"
    "==== Epoch 2 / 3 ====\nTraining Batch: 97it [00:59,  1.62it/s]\n Validation Loss: 0.44\n"
    "==== Epoch 3 / 3 ====\nTraining Batch: 97it [00:59,  1.63it/s]\n Validation Loss: 0.45\n",
    [0.43, 0.44, 0.45],
    [1, 2, 3],
)
_add(
    "blocks_of_training_and_validation",
    "Epoch 0 - Train metrics:\n  loss: 3.2\n  mlm_loss: 2.3\n\nEpoch 0 - Val metrics:\n  loss: 3.1\n  mlm_accuracy: 0.1\n\n"
    "Epoch 1 - Train metrics:\n  loss: 3.0\n  mlm_loss: 2.2\n\nEpoch 1 - Val metrics:\n  loss: 2.9\n  mlm_accuracy: 0.2\n",
    [3.2, 3.0],
    [0, 1],
)
_add(
    "total_below_its_language_model_part",
    "Step 100, Batch 100\n  kd_loss: 22.8\n  lm_loss: 2.2\n  Total loss: 25.1\n\n"
    "Step 200, Batch 200\n  kd_loss: 21.8\n  lm_loss: 2.2\n  Total loss: 24.1\n",
    [25.1, 24.1],
    [100, 200],
)
