"""A made-up batch where none was saved: what the model's own shapes tell and no more."""

from __future__ import annotations

import inspect
from typing import Any

import torch

_ROWS, _LENGTH, _PIXELS = 2, 8, 32


def synthetic_batch(model: torch.nn.Module) -> Any | None:
    """Return a batch of the right shapes, None where the model does not tell them."""
    config = getattr(model, "config", None)
    if config is not None and hasattr(config, "to_dict"):
        return _from_config(model, config)
    first = next((m for m in model.modules() if type(m) in _MAKERS), None)
    required = [
        p
        for p in inspect.signature(model.forward).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if first is None or len(required) != 1:
        return None
    return (_MAKERS[type(first)](first).to(_like(model)),)


def _like(model: torch.nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _image(channels: int, dims: int) -> torch.Tensor:
    return torch.randn(_ROWS, channels, *[_PIXELS] * dims)


_MAKERS: dict[type, Any] = {
    torch.nn.Embedding: lambda m: (
        torch.arange(_ROWS * _LENGTH).reshape(_ROWS, _LENGTH) % m.num_embeddings
    ),
    torch.nn.Linear: lambda m: torch.randn(_ROWS, m.in_features, dtype=m.weight.dtype),
    torch.nn.Conv1d: lambda m: _image(m.in_channels, 1).to(m.weight.dtype),
    torch.nn.Conv2d: lambda m: _image(m.in_channels, 2).to(m.weight.dtype),
    torch.nn.Conv3d: lambda m: _image(m.in_channels, 3).to(m.weight.dtype),
    torch.nn.LSTM: lambda m: torch.randn(_ROWS, _LENGTH, m.input_size),
    torch.nn.GRU: lambda m: torch.randn(_ROWS, _LENGTH, m.input_size),
}


def _from_config(model: torch.nn.Module, config: Any) -> dict[str, torch.Tensor] | None:
    """Make text and pixels of a Hugging Face model; image tokens are too model-specific."""
    names = inspect.signature(model.forward).parameters
    text = getattr(config, "text_config", config)
    vision = getattr(config, "vision_config", config)
    batch: dict[str, torch.Tensor] = {}
    vocabulary = getattr(text, "vocab_size", None)
    if "input_ids" in names and vocabulary:
        ids = torch.arange(_ROWS * _LENGTH).reshape(_ROWS, _LENGTH) % vocabulary
        batch["input_ids"] = ids
        if "labels" in names and "ForCausalLM" in type(model).__name__:
            batch["labels"] = ids.clone()
    size = getattr(vision, "image_size", None)
    if "pixel_values" in names and isinstance(size, int) and "input_ids" not in batch:
        channels = getattr(vision, "num_channels", 3)
        batch["pixel_values"] = torch.randn(_ROWS, channels, size, size)
    device = _like(model)
    return {name: tensor.to(device) for name, tensor in batch.items()} or None


def synthetic_loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
    """Return the mean of all that the model puts out: a loss that needs no labels."""
    from nandoctor.batches import named_tensors

    output = model(**batch) if isinstance(batch, dict) else model(*batch)
    floats = [t for _, t in named_tensors(output) if t.is_floating_point() and t.requires_grad]
    return torch.stack([tensor.float().mean() for tensor in floats]).sum()
