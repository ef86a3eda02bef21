"""What the evidence means: findings, the diagnosis and the report; facts live in evidence/."""

from nandoctor.findings.answers import ChecklistItem, ComponentSummary
from nandoctor.findings.diagnosis import Alternative, DecisionStep, Diagnosis
from nandoctor.findings.finding import Finding, Grade, Prescription, Rule, Severity
from nandoctor.findings.report import SCHEMA, Report
from nandoctor.findings.strict_json import plain

__all__ = [
    "SCHEMA",
    "Alternative",
    "ChecklistItem",
    "ComponentSummary",
    "DecisionStep",
    "Diagnosis",
    "Finding",
    "Grade",
    "Prescription",
    "Report",
    "Rule",
    "Severity",
    "plain",
]
