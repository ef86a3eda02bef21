"""Interventions on real transformers models; needs the extra ``hf``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions import run_trials
from nandoctor.step import run_step
from nandoctor.target import ReplayTarget
from tests.interventions.faults import INF, facts_for
from tests.interventions.test_registry import assert_same, fingerprint

transformers = pytest.importorskip("transformers", reason="needs nandoctor[hf]")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
TEXT = {
    "vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip
IMAGE = 99
RUN_ANYWHERE = ("fp32", "fp64", "bf16", "eval_mode", "no_dropout", "other_seed", "finite_mask",
                "math_attention", "drop_samples", "no_autocast")  # fmt: skip


def token_ids(rows: int = 4) -> torch.Tensor:
    return torch.randint(1, 90, (rows, 12), generator=torch.Generator().manual_seed(1))


def llama() -> tuple[Any, dict[str, Any]]:
    config = transformers.LlamaConfig(**TEXT, attn_implementation="eager", attention_dropout=0.1)
    ids = token_ids()
    return transformers.LlamaForCausalLM(config), {"input_ids": ids, "labels": ids.clone()}


def checkpointed_llama() -> tuple[Any, dict[str, Any]]:
    model, batch = llama()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model, batch


def t5() -> tuple[Any, dict[str, Any]]:
    config = transformers.T5Config(
        vocab_size=100, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        decoder_start_token_id=0,
    )  # fmt: skip
    ids = token_ids()
    return transformers.T5ForConditionalGeneration(config), {"input_ids": ids, "labels": ids}


def bert() -> tuple[Any, dict[str, Any]]:
    config = transformers.BertConfig(**{k: v for k, v in TEXT.items() if "key_value" not in k})
    batch = {"input_ids": token_ids(), "labels": torch.tensor([0, 1, 0, 1])}
    return transformers.BertForSequenceClassification(config), batch


def llava() -> tuple[Any, dict[str, Any]]:
    vision = transformers.CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        image_size=16, patch_size=8, projection_dim=32,
    )  # fmt: skip
    config = transformers.LlavaConfig(
        vision_config=vision, text_config=transformers.LlamaConfig(**TEXT), image_token_id=IMAGE,
        vision_feature_layer=-1, image_seq_length=4,
    )  # fmt: skip
    ids = token_ids()
    ids[:3, 1:5] = IMAGE  # the last sample is text only
    labels = ids.masked_fill(ids == IMAGE, -100)
    pixels = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}
    return transformers.LlavaForConditionalGeneration(config), {**batch, "labels": labels}


MODELS: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
    "llama": llama, "checkpointed_llama": checkpointed_llama, "t5": t5, "bert": bert,
    "llava": llava,
}  # fmt: skip


def target_of(name: str) -> ReplayTarget:
    torch.manual_seed(0)
    model, batch = MODELS[name]()
    return ReplayTarget(model.train(), batch, lambda m, b: m(**b).loss)


@pytest.mark.parametrize("name", MODELS)
def test_interventions_on_a_healthy_library_model_break_nothing(name: str) -> None:
    """Every change that needs no guilty line runs, stays finite and is undone bit for bit."""
    target = target_of(name)
    assert run_step(target).is_finite
    before = fingerprint(target)
    facts = facts_for(None, "_scaled_dot_product_attention", samples=(1,), dtype="float16")
    for trial in run_trials(target, facts, only=RUN_ANYWHERE, budget_seconds=600):
        assert trial.outcome in ("fixed", "not_applicable"), trial
    assert_same(before, fingerprint(target))


def test_drop_samples_of_a_vision_language_batch_takes_the_image_with_it() -> None:
    """A NaN pixel leaves with its sample though the batch has fewer images than samples."""
    target = target_of("llava")
    target.batch["pixel_values"][1, 0, 3, 3] = float("nan")
    assert not run_step(target).is_finite
    facts = facts_for(None, "convolution", phase="batch", samples=(1,))
    found = {trial.intervention: trial.outcome for trial in run_trials(target, facts)}
    assert (found["drop_samples"], found["clean_batch"]) == ("fixed", "fixed")


def test_finite_mask_of_a_row_without_keys_cures_eager_attention() -> None:
    """A 4-D mask in the batch that hides every key of a sample."""
    target = target_of("llama")
    mask = torch.zeros(4, 1, 12, 12).masked_fill(torch.ones(12, 12).triu(1).bool(), -INF)
    mask[2] = -INF
    target.batch["attention_mask"] = mask
    facts: ReplayFacts = facts_for(None, "_softmax", samples=(2,))
    found = {trial.intervention: trial.outcome for trial in run_trials(target, facts)}
    assert (found["finite_mask"], found["drop_samples"]) == ("fixed", "fixed")
