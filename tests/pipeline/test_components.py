"""The summary of a model part by part."""

import builders
import pytest

from nandoctor.evidence import Evidence
from nandoctor.pipeline.report import report_on

TENSORS = (
    builders.tensor("vision_tower.conv.weight", numel=100, l2=20.0, max=7.0, num_nan=0),
    builders.tensor("language_model.fc.weight", numel=50, l2=3.0),
    builders.tensor("language_model.head.weight", numel=51, l2=4.0, num_nan=1, max=9.0),
    builders.tensor("vision_tower.mean", role="buffer", numel=1000, l2=1e9),
)


def inspected(command: str, *tensors: object) -> Evidence:
    """Return the evidence of a scanned checkpoint."""
    return Evidence(command, checkpoints=(builders.checkpoint(tensors=tensors),))


def test_components_of_several_parts_are_summed_up() -> None:
    """Counts, the joint root mean square of what is finite, and the bad ones by part."""
    vision, language = report_on(inspected("inspect", *TENSORS)).components
    assert (vision.component, vision.num_tensors, vision.numel) == ("vision", 1, 100)
    assert (vision.rms, vision.absmax, vision.num_nonfinite) == (pytest.approx(2.0), 7.0, 0)
    assert (language.num_tensors, language.numel, language.absmax) == (2, 101, 9.0)
    assert language.rms == pytest.approx(0.5)
    assert (language.num_nonfinite, language.num_bad_tensors) == (1, 1)


def test_components_of_one_part_or_another_command_are_none() -> None:
    """A model whose names tell no parts is not divided, and a diagnosis speaks of the cause."""
    assert report_on(inspected("inspect", TENSORS[1])).components == ()
    assert report_on(inspected("diagnose", *TENSORS)).components == ()
