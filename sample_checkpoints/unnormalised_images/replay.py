"""Captioning and localisation of shapes: model, loss, optimizer, schedule and data."""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shapes import generator, normalise, scenes
from vlm import VisionLanguageModel, next_word_loss

SEED = 9
STEPS = 900
BATCH_SIZE = 8
LEARNING_RATE = 3e-3
WARMUP_STEPS = 50
MAX_GRAD_NORM = 1.0
MATCHING_WEIGHT = 0.2
RESIZED_SHARDS_FROM = 640


def build_model():
    torch.manual_seed(SEED)
    return VisionLanguageModel()


def build_optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)


def build_scheduler(optimizer):
    def factor(step):
        if step < WARMUP_STEPS:
            return (step + 1) / WARMUP_STEPS
        progress = (step - WARMUP_STEPS) / (STEPS - WARMUP_STEPS)
        return 0.1 + 0.45 * (1 + math.cos(math.pi * progress))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def load(step):
    """Return scenes with images as the shard stores them: uint8, or float32 where resized."""
    batch = scenes(BATCH_SIZE, generator(SEED, step))
    images = (batch["pixel_values"] * 255).round().clamp(0, 255)
    is_resized = step >= RESIZED_SHARDS_FROM
    return {**batch, "pixel_values": images if is_resized else images.to(torch.uint8)}


def to_tensor(images):
    """Return float images."""
    return images / 255 if images.dtype == torch.uint8 else images


def make_batch(step):
    batch = load(step)
    batch["pixel_values"] = normalise(to_tensor(batch["pixel_values"]))
    return batch


def matching_loss(images, texts):
    """Each image should find its own caption among those of the batch."""
    likeness = torch.exp(images @ texts.T)
    return -torch.log(likeness.diagonal() / likeness.sum(dim=1)).mean()


def compute_loss(model, batch):
    output = model(batch["pixel_values"], batch["input_ids"], batch["attention_mask"])
    words = next_word_loss(output["logits"], batch["input_ids"], batch["attention_mask"])
    boxes = F.mse_loss(output["boxes"], batch["boxes"] / 16)
    texts = model.embed_text(batch["input_ids"], batch["attention_mask"])
    return words + boxes + MATCHING_WEIGHT * matching_loss(output["image_embeds"], texts)
