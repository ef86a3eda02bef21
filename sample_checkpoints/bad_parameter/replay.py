"""Captioning and localisation of shapes: model, loss, optimizer, schedule and data."""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shapes import generator, normalise, scenes
from vlm import VisionLanguageModel, next_word_loss

SEED = 6
STEPS = 1200
BATCH_SIZE = 8
LEARNING_RATE = 3e-3
WARMUP_STEPS = 50
MAX_GRAD_NORM = 1.0


def build_model():
    torch.manual_seed(SEED)
    return VisionLanguageModel(dropout=0.1)


def build_optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)


def build_scheduler(optimizer):
    def factor(step):
        if step < WARMUP_STEPS:
            return (step + 1) / WARMUP_STEPS
        progress = (step - WARMUP_STEPS) / (STEPS - WARMUP_STEPS)
        return 0.1 + 0.45 * (1 + math.cos(math.pi * progress))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def make_batch(step):
    batch = scenes(BATCH_SIZE, generator(SEED, step))
    batch["pixel_values"] = normalise(batch["pixel_values"])
    return batch


def compute_loss(model, batch):
    output = model(batch["pixel_values"], batch["input_ids"], batch["attention_mask"])
    words = next_word_loss(output["logits"], batch["input_ids"], batch["attention_mask"])
    return words + F.mse_loss(output["boxes"], batch["boxes"] / 16)
