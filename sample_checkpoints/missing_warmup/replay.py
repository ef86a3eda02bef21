"""Captioning and localisation of shapes: model, loss, optimizer, schedule and data."""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shapes import generator, normalise, scenes
from vlm import VisionLanguageModel, next_word_loss

SEED = 30
STEPS = 1000
BATCH_SIZE = 32
LEARNING_RATE = 0.03
BOX_WEIGHT = 8.0


def build_model():
    torch.manual_seed(SEED)
    return VisionLanguageModel()


def build_optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)


def build_scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.55 + 0.45 * math.cos(math.pi * step / STEPS)
    )


def make_batch(step):
    batch = scenes(BATCH_SIZE, generator(SEED, step))
    batch["pixel_values"] = normalise(batch["pixel_values"])
    return batch


def compute_loss(model, batch):
    output = model(batch["pixel_values"], batch["input_ids"], batch["attention_mask"])
    words = next_word_loss(output["logits"], batch["input_ids"], batch["attention_mask"])
    return words + BOX_WEIGHT * F.mse_loss(output["boxes"], batch["boxes"] / 16)
