"""Drawn shapes with captions and boxes as a pure function of the step; no model stands here."""

from __future__ import annotations

import torch
from torch import Tensor

COLOURS = {"red": (0.9, 0.2, 0.2), "green": (0.2, 0.8, 0.3), "blue": (0.2, 0.3, 0.9),
           "yellow": (0.9, 0.8, 0.2)}  # fmt: skip
SHAPES = ("disc", "square", "cross", "ring")
WORDS = ("<pad>", "<bos>", "<eos>", "a", "small", "large", *COLOURS, *SHAPES, "at", "the", "top",
         "bottom", "left", "right", "bright", "dark")  # fmt: skip
INDEX = {word: number for number, word in enumerate(WORDS)}
SIZE = 16
LENGTH = 11


def generator(seed: int, step: int) -> torch.Generator:
    """Return the random stream of one step."""
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def draw(shape: str, colour: str, x: float, y: float, radius: float) -> Tensor:
    """Return one image, [3, SIZE, SIZE] in 0..1: a shape on a grey ground."""
    axis = torch.arange(SIZE) + 0.5
    dx, dy = (axis[None, :] - x).abs(), (axis[:, None] - y).abs()
    distance = (dx**2 + dy**2).sqrt()
    inside = {
        "disc": distance < radius,
        "square": torch.maximum(dx, dy) < radius,
        "cross": (torch.minimum(dx, dy) < radius / 3) & (torch.maximum(dx, dy) < radius),
        "ring": (distance < radius) & (distance > radius * 0.55),
    }[shape]
    paint = torch.tensor(COLOURS[colour])[:, None, None]
    return torch.where(inside, paint, torch.full((3, 1, 1), 0.12))


def caption(shape: str, colour: str, x: float, y: float, radius: float, terse: bool) -> list[int]:
    """Return the token ids of a caption; a terse annotator leaves the size out."""
    size = [] if terse else ["large" if radius > 3.4 else "small"]
    row, column = "top" if y < SIZE / 2 else "bottom", "left" if x < SIZE / 2 else "right"
    words = ["<bos>", "a", *size, colour, shape, "at", "the", row, column, "<eos>"]
    return [INDEX[word] for word in words]


def scenes(num: int, stream: torch.Generator, noise: float = 0.02) -> dict[str, Tensor]:
    """Return a batch of images in 0..1 with camera noise, padded captions and boxes in pixels."""
    pixels, ids, boxes = [], torch.zeros(num, LENGTH, dtype=torch.long), []
    for row in range(num):
        place = torch.rand(4, generator=stream).tolist()
        pick = torch.randint(0, 4, (2,), generator=stream).tolist()
        shape, colour = SHAPES[pick[0]], list(COLOURS)[pick[1]]
        radius = 2.4 + 2.0 * place[2]
        x, y = (radius + (SIZE - 2 * radius) * place[0], radius + (SIZE - 2 * radius) * place[1])
        pixels.append(draw(shape, colour, x, y, radius))
        words = caption(shape, colour, x, y, radius, terse=place[3] < 0.3)
        ids[row, : len(words)] = torch.tensor(words)
        boxes.append([x - radius, y - radius, x + radius, y + radius])
    images = torch.stack(pixels)
    images = images + noise * torch.randn(images.shape, generator=stream)
    return {
        "pixel_values": images,
        "input_ids": ids,
        "attention_mask": ids != INDEX["<pad>"],
        "boxes": torch.tensor(boxes),
    }


def normalise(images: Tensor) -> Tensor:
    """Return images in 0..1 shifted to about zero mean and unit variance."""
    return (images - 0.25) / 0.25
