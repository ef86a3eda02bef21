"""From findings to a graded diagnosis: grades, ranking, the decision tree and the plan."""

from nandoctor.decision.collect_next import next_evidence
from nandoctor.decision.confirm import confirm, confirm_all
from nandoctor.decision.likely import likely_causes
from nandoctor.decision.plan import prescribe
from nandoctor.decision.ranking import is_crash
from nandoctor.decision.tree import TREE, Leaf, Question, walk
from nandoctor.decision.verdict import diagnose

__all__ = [
    "TREE",
    "Leaf",
    "Question",
    "confirm",
    "confirm_all",
    "diagnose",
    "is_crash",
    "likely_causes",
    "next_evidence",
    "prescribe",
    "walk",
]
