"""Past crashes and what cured them; no diagnosis is made here."""

from nandoctor.casebook.case import Case, case_of, likeness
from nandoctor.casebook.store import FILTERS, Casebook, default_path

__all__ = ["FILTERS", "Case", "Casebook", "case_of", "default_path", "likeness"]
