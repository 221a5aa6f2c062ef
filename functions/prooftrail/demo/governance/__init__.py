"""What Acme, the simulated organization, asks of its identities: its own policy, in the files any organization edits."""

from .files import governance_files

__all__ = ["governance_files"]
