"""Captioning and localisation of shapes: model, loss, optimizer, schedule and data."""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shapes import generator, normalise, scenes
from vlm import VisionLanguageModel, next_word_loss

SEED = 1
STEPS = 800
BATCH_SIZE = 8
LEARNING_RATE = 3e-2
WARMUP_STEPS = 100
PRECISION = "fp16_amp"
MIN_LOSS_SCALE = 1e-8


def build_model():
    torch.manual_seed(SEED)
    return VisionLanguageModel(vision_norm="none", has_post_norm=True)


def build_optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)


def build_scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / WARMUP_STEPS)
    )


def make_batch(step):
    batch = scenes(BATCH_SIZE, generator(SEED, step))
    batch["pixel_values"] = normalise(batch["pixel_values"])
    return batch


def compute_loss(model, batch):
    with torch.autocast("cpu", dtype=torch.float16):
        output = model(batch["pixel_values"], batch["input_ids"], batch["attention_mask"])
        words = next_word_loss(output["logits"], batch["input_ids"], batch["attention_mask"])
        return words + F.mse_loss(output["boxes"], batch["boxes"] / 16)
