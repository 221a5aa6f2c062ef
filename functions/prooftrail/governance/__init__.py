"""The organization's own policy as code: `scope.toml` and `owners.toml`, read strictly, hashed, sealed without names."""

from .loosening import loosened
from .parsing import parse
from .policy import FILES, AccountEntry, Assignment, BreakGlass, Exclusion, Governance, Owner, Owners, Scope, Tags

__all__ = [
    "FILES",
    "AccountEntry",
    "Assignment",
    "BreakGlass",
    "Exclusion",
    "Governance",
    "Owner",
    "Owners",
    "Scope",
    "Tags",
    "loosened",
    "parse",
]
