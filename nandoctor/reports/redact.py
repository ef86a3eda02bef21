"""Takes out of a report what may be private, keeping what a stranger needs to help."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from nandoctor.evidence import (
    CheckpointFacts,
    LogEvent,
    LogFacts,
    Origin,
    Source,
    TensorSeries,
    TensorStats,
    TrainingState,
)
from nandoctor.findings import Report
from nandoctor.reports.rewrite import rewritten, walked

_COMMON = """
act activation attention attn backbone batch_norm bias block blocks bn buffer c_attn c_fc
c_proj classifier cls_token conv conv1 conv2 conv_in conv_out cross_attention decoder down
down_proj downsample dropout embed embed_positions embed_tokens embedding embeddings encoder
exp_avg exp_avg_sq fc fc1 fc2 ffn final_layer_norm gate gate_proj grad h head in_proj_bias
in_proj_weight input input_ids input_layernorm k_proj key labels language_model layer
layer_norm layernorm layers linear linear_1 linear_2 linear1 linear2 lm_head ln_1 ln_2 ln_f
loss max_exp_avg_sq mlp mlp_norm mm_projector model momentum_buffer multi_modal_projector norm
norm1 norm2 num_batches_tracked o_proj optimizer out out_proj output patch_embed
patch_embedding pixel_values pool pos_embed position_embedding post_attention_layernorm proj
projector q_proj qkv query relu running_mean running_var self_attn shortcut step stem target
targets text_model token_embedding transformer up up_proj upsample v_proj value vision_model
vision_tower visual weight wpe wte x y
"""
PUBLIC = frozenset(re.findall(r"\w+", _COMMON))
"""Parts of module and tensor names that half the models in the world have."""
_PATH = re.compile(
    r"(?<![\w<])(?:~|[A-Za-z]:)?(?:[\\/][\w.@+-]+)+[\\/]?|[\w.+-]+@[\w.-]+|\w+://\S+"
)
_WORD = re.compile(r"[\w./\\-]+")
_KNOWN_CODE = ("torch.", "numpy.", "collections.", "builtins.", "_codecs.", "argparse.")


class _StandIns:
    """Stand-ins for private names: the same name always gets the same one."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.parts: dict[str, str] = {}

    def add_path(self, path: str) -> None:
        """Give a path, and its last part alone, a number; the suffix stays."""
        if not path or path in self.names:
            return
        suffix = re.search(r"\.\w{1,12}$", path)
        self.names[path] = f"file{len(self.names) + 1}{suffix[0] if suffix else ''}"
        self.names.setdefault(_last_part(path), self.names[path])

    def add_name(self, name: str) -> None:
        """Replace the parts of a dotted name that are not common to many models."""
        if name and name not in self.names:
            self.names[name] = ".".join(self._part(part) for part in name.split("."))

    def _part(self, part: str) -> str:
        if part in PUBLIC or part.isdigit() or not part:
            return part
        return self.parts.setdefault(part, f"name{len(self.parts) + 1}")

    def applied(self, text: str) -> str:
        """Return a text without private names and without any path, address or URL."""
        if text in self.names:
            return self.names[text]
        return _PATH.sub("<private>", _WORD.sub(lambda word: self._word(word[0]), text))

    def _word(self, word: str) -> str:
        bare = word.rstrip(".")
        known = self.names.get(bare) or self.names.get(_last_part(bare))
        if known is None and ("." in bare or "_" in bare):
            known = ".".join(self.parts.get(part, part) for part in bare.split("."))
        return (bare if known is None else known) + word[len(bare) :]


def redacted(report: Report) -> Report:
    """Return the report without paths, private names, source lines, log lines and settings.

    The same name always gets the same stand-in; numbers that the diagnosis rests on stay.
    """
    stand_ins = _StandIns()
    _note(report, stand_ins)
    emptied: Report = walked(report, _emptied)
    return rewritten(emptied, stand_ins.applied)


def _last_part(path: str) -> str:
    return re.split(r"[\\/]", path)[-1]


def _emptied(value: Any) -> Any:
    """Clear the fields that hold text of the user's: code, log lines, settings."""
    if isinstance(value, Source):
        return replace(value, code="")
    if isinstance(value, LogEvent):
        return replace(value, text="")
    if isinstance(value, LogFacts):
        return replace(value, unread_examples=())
    if isinstance(value, TrainingState):
        return replace(value, config={}, scheduler=None, param_groups=())
    return value


def _note(report: Report, stand_ins: _StandIns) -> None:
    """Collect every path and name that the report holds."""
    for path in report.inputs:
        stand_ins.add_path(path)

    def note(value: Any) -> Any:
        if isinstance(value, (LogFacts, CheckpointFacts)):
            stand_ins.add_path(value.path)
        if isinstance(value, (TensorStats, Source)):
            stand_ins.add_path(value.file)
        if isinstance(value, (TensorStats, TensorSeries)):
            stand_ins.add_name(value.name)
        elif isinstance(value, Source):
            stand_ins.add_name(value.function)
        elif isinstance(value, Origin):
            stand_ins.add_name(value.module)
            stand_ins.add_name(value.module_class)
        elif isinstance(value, CheckpointFacts):
            for name in value.classes:
                if not name.startswith(_KNOWN_CODE):
                    stand_ins.add_name(name)
        return value

    walked(report, note)
