"""What a reader is told of an origin, and of a step that was run on no data of its own."""

from __future__ import annotations

import math
from dataclasses import replace

import builders

from nandoctor.evidence import Origin, Source
from nandoctor.reports import RENDERERS, View
from nandoctor.reports.origin_facts import origin_facts, sources
from nandoctor.reports.verdict import verdict
from nandoctor.reports.words import words

SAY = words("en")
OWN = Source("/home/ada/train.py", 7, "compute_loss", "return model(**batch).loss")
LIBRARY = Source("/usr/lib/layer.py", 90, "Linear.forward", "return x * self.scaling")


def origin(**facts) -> Origin:
    """Build an origin."""
    return Origin(phase="forward", module="head", op="mul", **facts)


def test_sources_name_the_user_s_line_and_the_library_s_and_none_twice():
    """The line that calls the model says little where the fault lies inside a library."""
    assert sources(origin(user_source=OWN, source=LIBRARY)) == [OWN, LIBRARY]
    assert sources(origin(user_source=OWN, source=OWN)) == [OWN]
    assert sources(origin()) == []


def test_origin_facts_show_infinite_numbers_and_no_finite_ones():
    """A factor of inf stands in no tensor."""
    told = dict(origin_facts(origin(arguments={"other": math.inf, "alpha": 1.0, "dim": -1}), SAY))
    assert told["in"] == "other = +Inf"


def test_origin_facts_repeat_no_sample_number():
    """``3 (sample 3)`` says it twice; a token is more."""
    bare = dict(origin_facts(origin(samples=(3,), positions=("sample 3",)), SAY))
    told = dict(origin_facts(origin(samples=(3,), positions=("sample 3, token 5",)), SAY))
    assert (bare["samples"], told["samples"]) == ("3", "3 (sample 3, token 5)")


def test_verdict_of_a_finite_step_on_a_made_up_batch_acquits_no_data():
    """Only a step on its own batch may be called clean without more."""
    own = builders.replay_facts(phase=None, origin=None, loss=1.0, is_reproduced=False)
    made_up = replace(own, is_batch_synthetic=True)
    clean = builders.clean_report(command="replay", pattern=None)
    assert verdict(replace(clean, replay=own), SAY).title == "Nothing found"
    assert "made-up" in verdict(replace(clean, replay=made_up), SAY).title
    assert "made-up" in RENDERERS["rich"](replace(clean, replay=made_up), View())
