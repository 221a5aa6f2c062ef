"""The organization's own policy as code: eight files, read strictly, hashed, sealed without names."""

from .known import KnownControls
from .loosening import loosened
from .parsing import parse, problems, warnings
from .policy import FILES, AccountEntry, Assignment, Exclusion, Governance, Owner, Owners, Scope, Tags

__all__ = [
    "FILES",
    "AccountEntry",
    "Assignment",
    "Exclusion",
    "Governance",
    "KnownControls",
    "Owner",
    "Owners",
    "Scope",
    "Tags",
    "loosened",
    "parse",
    "problems",
    "warnings",
]
