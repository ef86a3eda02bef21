"""Hugging Face directories as targets; needs the extra ``hf``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from nandoctor.errors import ReplayError
from nandoctor.step import run_step
from nandoctor.targets import build_target

transformers = pytest.importorskip("transformers", reason="needs nandoctor[hf]")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A tiny GPT-2 as save_pretrained writes it."""
    config = transformers.GPT2Config(vocab_size=50, n_positions=16, n_embd=8, n_layer=1, n_head=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    return tmp_path


def test_build_target_of_a_directory_takes_class_and_weights_from_it(directory: Path) -> None:
    """config.json names the class; a batch of ids with labels gives the loss."""
    ids = torch.arange(20).reshape(2, 10)
    target, _ = build_target(model=directory, batch={"input_ids": ids, "labels": ids}, device="cpu")
    assert type(target.model).__name__ == "GPT2LMHeadModel"
    assert target.model.training
    assert run_step(target).is_finite


def test_build_target_of_a_directory_without_a_batch_makes_token_ids(directory: Path) -> None:
    """The vocabulary of the config bounds the made-up ids."""
    target, skipped = build_target(model=directory, device="cpu")
    assert target.is_batch_synthetic
    assert any(s.what == "saved batch" for s in skipped)
    assert run_step(target).is_finite


def test_build_target_of_a_directory_with_remote_code_refuses(directory: Path) -> None:
    """Code from a directory is never run."""
    config = json.loads((directory / "config.json").read_text())
    config |= {"model_type": "foreign", "auto_map": {"AutoModel": "modeling.Evil"}}
    (directory / "config.json").write_text(json.dumps(config))
    with pytest.raises(ReplayError, match="cannot be built") as caught:
        build_target(model=directory, device="cpu")
    assert "write a replay.py" in caught.value.hint


def test_build_target_of_an_adapter_trains_the_adapter_only(directory: Path) -> None:
    """A PEFT directory names its base model; only the adapter has gradients."""
    peft = pytest.importorskip("peft", reason="needs peft")
    base = transformers.GPT2LMHeadModel.from_pretrained(directory)
    adapter = directory / "adapter"
    config = peft.LoraConfig(task_type="CAUSAL_LM", target_modules=["c_attn"], r=2)
    peft.get_peft_model(base, config).save_pretrained(str(adapter))
    ids = torch.arange(20).reshape(2, 10)
    target, _ = build_target(model=adapter, batch={"input_ids": ids, "labels": ids}, device="cpu")
    weights = target.model.get_base_model().transformer.wte.weight
    assert torch.equal(weights, base.transformer.wte.weight)
    trained = [name for name, p in target.model.named_parameters() if p.requires_grad]
    assert trained
    assert all("lora" in name for name in trained)
    assert run_step(target).is_finite
    again, _ = build_target(model=adapter, checkpoint=adapter, device="cpu")  # replay ADAPTER
    assert set(again.model.state_dict()) == set(target.model.state_dict())
