"""What a batch says of itself: pixel range and sequence lengths."""

import math

import torch

from nandoctor.tracing.batch_numerics import batch_numerics


def test_batch_numerics_gives_pixel_range_and_lengths() -> None:
    """Raw pixels, and rows of 2 and 4 tokens of 4."""
    pixels = torch.linspace(0, 255, 2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])
    images, lengths = batch_numerics([("pixel_values", pixels), ("attention_mask", mask)])
    assert (images.values["min"], images.values["max"]) == (0.0, 255.0)
    assert lengths.values == {"min": 2.0, "max": 4.0, "mean": 3.0, "share_padded": 0.25}


def test_batch_numerics_of_other_entries_and_of_no_finite_pixel_claims_nothing() -> None:
    """Ids are no mask, a float mask is no padding mask, NaN has no range."""
    entries = [("input_ids", torch.ones(2, 4, dtype=torch.long)), ("mask", torch.ones(2, 4))]
    assert batch_numerics(entries) == ()
    (images,) = batch_numerics([("x", torch.full((1, 3, 2, 2), math.nan))])
    assert math.isnan(images.values["min"])


def test_batch_numerics_of_an_additive_mask_is_no_image() -> None:
    """A mask of shape (batch, 1, tokens, tokens) looks like a grey image."""
    assert batch_numerics([("attention_mask", torch.zeros(2, 1, 4, 4))]) == ()
