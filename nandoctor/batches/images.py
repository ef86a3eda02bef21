"""Which images of a vision-language batch belong to which sample."""

from __future__ import annotations

import torch


def image_groups(named: list[tuple[str, torch.Tensor]], size: int) -> dict[str, list[list[int]]]:
    """Return, for each entry that holds images rather than samples, the rows of each sample."""
    tensors = dict(named)
    groups: dict[str, list[list[int]]] = {}
    for kind in ("image", "video"):
        grid = tensors.get(f"{kind}_grid_thw")
        pixels = "pixel_values" if kind == "image" else "pixel_values_videos"
        if grid is not None and grid.ndim == 2:
            images = _images_of_samples(tensors.get("input_ids"), grid.prod(1).tolist(), size)
            groups[f"{kind}_grid_thw"] = images
            groups[pixels] = _rows_of_images(images, grid.prod(1).tolist())
    for name, tensor in named:
        is_item = name.rsplit(".", 1)[-1].isdigit()  # one of a list, which is cut as a list
        is_image = not is_item and any(word in name for word in ("pixel", "image"))
        if is_image and name not in groups and tensor.ndim and tensor.shape[0] != size:
            groups[name] = _images_of_samples(tensors.get("input_ids"), [1] * tensor.shape[0], size)
    return {name: rows for name, rows in groups.items() if name in tensors}


def _rows_of_images(images: list[list[int]], sizes: list[int]) -> list[list[int]]:
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    return [[r for i in mine for r in range(starts[i], starts[i + 1])] for mine in images]


def _images_of_samples(ids: torch.Tensor | None, sizes: list[int], size: int) -> list[list[int]]:
    """Assign images, in order, to samples: one each, equally many, or by their image tokens."""
    if len(sizes) == size:
        return [[index] for index in range(size)]
    if ids is not None and ids.ndim == 2:
        counts = _image_tokens(ids, sum(sizes))
        if counts is not None:
            return _consumed(counts, sizes)
    each, rest = divmod(len(sizes), size)
    if rest == 0 and each:
        return [list(range(i * each, (i + 1) * each)) for i in range(size)]
    raise ValueError(f"{len(sizes)} images cannot be assigned to {size} samples")


_MERGED = (4, 9, 16)
"""Patches that become one token, as squares: Qwen-VL merges 2 x 2."""


def _image_tokens(ids: torch.Tensor, total: int) -> list[int] | None:
    """Return each sample's image units: those of the token whose counts divide up evenly.

    An image stands for a fixed number k of tokens (LLaVA), or its patches are merged k to one.
    """
    values, counts = torch.unique(ids, return_counts=True)
    for value, count in sorted(
        zip(values.tolist(), counts.tolist(), strict=True), key=lambda pair: -pair[1]
    ):
        rows = (ids == value).sum(1).tolist()
        if count >= total and count % total == 0:
            step = count // total
            if all(row % step == 0 for row in rows):
                return [row // step for row in rows]
        elif total % count == 0 and total // count in _MERGED:
            return [row * (total // count) for row in rows]
    return None


def _consumed(counts: list[int], sizes: list[int]) -> list[list[int]]:
    images: list[list[int]] = []
    position = 0
    for count in counts:
        mine: list[int] = []
        while count > 0 and position < len(sizes):
            count -= sizes[position]
            mine.append(position)
            position += 1
        images.append(mine)
    return images
