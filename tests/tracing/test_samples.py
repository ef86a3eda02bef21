"""Which samples are guilty: hints, culprits, pairs, chance; on steps reduced to a predicate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from nandoctor.tracing.hints import row_hints
from nandoctor.tracing.samples import guilty_samples


class Trials:
    """Stands in for runs of a step: a predicate over the samples that take part."""

    def __init__(self, size: int, fails: Callable[[set[int]], bool | None], draws: bool = False):
        self.size = size
        self.draws_numbers = draws
        self._fails = fails
        self._run: set[tuple[int, ...]] = set()

    @property
    def count(self) -> int:
        """How often the step would be run: each part once, the whole batch never again."""
        return len(self._run - {tuple(range(self.size))})

    def fails(self, rows: Sequence[int]) -> bool | None:
        """Evaluate the predicate."""
        self._run.add(tuple(rows))
        return self._fails(set(rows)) if rows else None

    def without(self, rows: Sequence[int]) -> list[int]:
        """Return the other samples."""
        return [row for row in range(self.size) if row not in set(rows)]


@pytest.mark.parametrize("guilty", [{2}, {0, 5}, {1, 2, 3}])
def test_single_culprits_without_a_hint_are_found(guilty):
    """Each fails by itself."""
    trials = Trials(8, lambda rows: bool(rows & guilty))
    assert guilty_samples(trials, []) == tuple(sorted(guilty))


def test_right_hint_is_proved_at_once():
    """The set, then each sample put back: no search."""
    trials = Trials(64, lambda rows: 9 in rows)
    assert guilty_samples(trials, [[9]]) == (9,)
    assert trials.count <= 3


def test_wrong_hint_is_refused():
    """A hint that does not cure is not believed, nor one with an innocent sample."""
    trials = Trials(8, lambda rows: 3 in rows)
    assert guilty_samples(trials, [[1], [3, 4]]) == (3,)


def test_pair_that_fails_only_together_is_named():
    """Neither fails alone, both do."""
    trials = Trials(8, lambda rows: {2, 6} <= rows)
    assert guilty_samples(trials, []) == (2, 6)


def test_failure_of_every_sample_is_nobody_s():
    """What each sample does by itself is not sample-specific."""
    assert guilty_samples(Trials(6, lambda rows: True), []) is None


def test_culprit_is_found_where_a_batch_of_one_cannot_run():
    """BatchNorm refuses one sample: the culprit is told beside another."""
    trials = Trials(6, lambda rows: None if len(rows) < 2 else 4 in rows)
    assert guilty_samples(trials, []) == (4,)


def test_culprit_is_found_where_a_batch_of_one_fails_as_well():
    """A contrastive loss needs two: alone everyone fails, for another reason."""
    trials = Trials(6, lambda rows: len(rows) < 2 or 1 in rows)
    assert guilty_samples(trials, []) == (1,)


def test_pair_that_fails_only_together_is_named_where_a_batch_of_one_fails_as_well():
    """Twins in a loss over pairs: alone everyone fails, since there is no pair."""
    trials = Trials(6, lambda rows: len(rows) < 2 or {1, 4} <= rows)
    assert guilty_samples(trials, []) == (1, 4)


def test_chance_is_nobody_s_fault():
    """The failure goes with any change of the batch: the random numbers did it."""
    trials = Trials(6, lambda rows: len(rows) == 6, draws=True)
    assert guilty_samples(trials, [[3]]) is None


def test_large_batch_is_searched_by_halves():
    """A single culprit among thousands takes few runs."""
    trials = Trials(4096, lambda rows: 3000 in rows)
    assert guilty_samples(trials, []) == (3000,)
    assert trials.count < 100


@pytest.mark.parametrize("size", [4, 32, 64, 256, 4096])
def test_failure_of_every_sample_takes_few_runs_to_be_nobody_s(size):
    """No run that can tell nothing more: each sample or some, and a few pairs."""
    trials = Trials(size, lambda rows: True)
    assert guilty_samples(trials, []) is None
    runs = min(size, 64) if size <= 64 else 16
    assert trials.count <= runs + 4


@pytest.mark.parametrize("guilty", [{200}, {3, 120, 255}, set(range(64, 96))])
def test_culprits_of_a_large_batch_without_a_hint_are_found_in_few_runs(guilty):
    """Halves of what still fails: not every sample by itself."""
    trials = Trials(256, lambda rows: bool(rows & guilty))
    assert guilty_samples(trials, []) == tuple(sorted(guilty))
    assert trials.count < 40 + 25 * len(guilty)


def test_row_hints_follow_the_batch_dimension():
    """Batch-first, time-first and flattened results point to their rows; scalars to none."""
    first, second, flat = torch.zeros(4, 3), torch.zeros(7, 4), torch.zeros(12, 2)
    first[2, 1] = second[5, 3] = flat[4, 0] = float("nan")
    assert row_hints([first], 4) == [[2]]
    assert row_hints([second], 4) == [[3]]
    assert row_hints([flat], 4) == [[1]]
    assert row_hints([torch.tensor(float("nan"))], 4) == []
