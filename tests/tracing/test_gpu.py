"""The tracer on a CUDA device; skipped with the reason elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from nandoctor.batches import map_tensors
from nandoctor.tracing import observe
from tests.tracing import micro_backward, micro_forward, micro_leaves  # noqa: F401
from tests.tracing.micro import CASES
from tests.tracing.test_micro_cases import check

NAMES = ("through_index_and_cat", "non_reentrant", "reentrant", "nan_target", "loop_over_samples")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_origin_on_a_cuda_device_is_that_of_the_cpu(name):
    """Deferred sums, then the suspects: the same origin."""
    target = CASES[name].build()
    target.model.cuda()
    check(
        CASES[name],
        observe(replace(target, batch=map_tensors(target.batch, torch.Tensor.cuda))).origin,
    )
