"""Captioning and localisation of shapes: model, loss, optimizer, schedule and data."""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shapes import INDEX, generator, normalise, scenes
from vlm import VisionLanguageModel, next_word_loss

SEED = 32
STEPS = 1500
BATCH_SIZE = 8
LEARNING_RATE = 3e-3
WARMUP_STEPS = 50
MAX_GRAD_NORM = 1.0
MATCHING_WEIGHT = 0.2
SHARE_WITHOUT_CAPTION = 2e-4


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
    stream = generator(SEED, step)
    batch = scenes(BATCH_SIZE, stream)
    is_uncaptioned = torch.rand(BATCH_SIZE, generator=stream) < SHARE_WITHOUT_CAPTION
    batch["input_ids"][is_uncaptioned] = INDEX["<pad>"]
    batch["attention_mask"] = batch["input_ids"] != INDEX["<pad>"]
    batch["pixel_values"] = normalise(batch["pixel_values"])
    return batch


def matching_loss(images, texts):
    """Each image should find its own caption among those of the batch."""
    scores = F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).T / 0.1
    return F.cross_entropy(scores, torch.arange(len(scores)))


def compute_loss(model, batch):
    output = model(batch["pixel_values"], batch["input_ids"], batch["attention_mask"])
    words = next_word_loss(output["logits"], batch["input_ids"], batch["attention_mask"])
    boxes = F.mse_loss(output["boxes"], batch["boxes"] / 16)
    texts = model.embed_text(batch["input_ids"], batch["attention_mask"])
    return words + boxes + MATCHING_WEIGHT * matching_loss(output["image_embeds"], texts)
