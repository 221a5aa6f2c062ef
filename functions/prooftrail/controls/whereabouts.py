"""Whether something that has no result any more is gone, only not judged any more, or merely out of sight."""

from collections.abc import Mapping

from prooftrail.evidence.context import Context
from prooftrail.inventory.changes import disabled, read_whole
from prooftrail.inventory.replicas import folded_arns
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.reading import GLOBAL, CellStatus, Collector
from prooftrail.model.snapshot import Snapshot

from .checks.stored_secrets import TEXTS

_PLAIN_SIGHT = "IDC-18"
_REGION_PART = 3  # of an ARN's parts
_BY_PREFIX: Mapping[str, Collector] = {
    "AIDA": Collector.PRINCIPALS,
    "AROA": Collector.PRINCIPALS,
    "AKIA": Collector.ACCESS_KEYS,
    "ACCA": Collector.SERVICE_SPECIFIC_CREDENTIALS,
    "ASCA": Collector.SERVER_CERTIFICATES,
}
_BY_SERVICE: Mapping[tuple[str, str], Collector] = {
    ("secretsmanager", "secret"): Collector.SECRETS,
    ("iam", "saml-provider"): Collector.SAML_PROVIDERS,
    ("iam", "oidc-provider"): Collector.OIDC_PROVIDERS,
    ("iam", "root"): Collector.CREDENTIAL_REPORT,
    ("sso", "permissionSet"): Collector.PERMISSION_SETS,
}


class Whereabouts:
    """Where the identities of one snapshot are; without a snapshot (the organization) nothing is out of sight."""

    def __init__(self, snapshot: Snapshot | None, context: Context) -> None:
        self._snapshot = snapshot
        self._by_id = {one.id: one for one in snapshot.identities} if snapshot else {}
        self._replicas = folded_arns(snapshot.identities) if snapshot else frozenset()
        self._root = next((one for one in self._by_id.values() if one.kind is Kind.ROOT), None)
        self._listed = {one.id for one in context.accounts}

    def identity(self, identity_id: str | None) -> Identity | None:
        """The identity as this snapshot shows it."""
        return self._by_id.get(identity_id) if identity_id else None

    def owner(self, identity: Identity | None) -> str | None:
        """Who is told: the identity's owner; of an account, whoever owns its root."""
        one = identity or self._root
        return one.owner.value if one else None

    def gone(self, identity_id: str | None, *, control: str) -> str | None:
        """Why a subject of `control` without a result counts as gone, None where nobody can say so."""
        if identity_id is None or self._snapshot is None:
            return f"{control} states nothing about it any more"
        if identity_id in self._by_id:
            one = self._by_id[identity_id]
            return self._unseen(one) if control == _PLAIN_SIGHT else _unasked(one, control)
        if identity_id in self._replicas:
            return "it is judged together with the secret it is a replica of"
        home = _home(identity_id)
        if home is None or disabled(self._snapshot, home[1]) or not read_whole(self._snapshot, *home):
            return None
        return f"it is gone: {home[0]} in {home[1]} was read to its end and does not list it"

    def _unseen(self, one: Identity) -> str | None:
        """Why nothing is held against it by the control that speaks only where something was seen."""
        cells = self._snapshot.cells if self._snapshot else ()
        if one.unknown or any(cell.collector in TEXTS and cell.status is not CellStatus.OK for cell in cells):
            return None
        return "no credential is seen at it any more"


def _unasked(one: Identity, control: str) -> str | None:
    """Why a control has no row for what is still there; None where nobody can tell this time what it is."""
    if {"kind", "class"} & set(one.unknown):
        return None
    return f"{control} asks nothing of it any more: it is a {one.kind.replace('_', ' ')}"


def _home(identity_id: str) -> tuple[Collector, str] | None:
    """The collector and region that list an identity, told from its id; None for an id nobody knows."""
    if not identity_id.startswith("arn:"):
        collector = _BY_PREFIX.get(identity_id[:4])
        return (collector, GLOBAL) if collector else None
    parts = identity_id.split(":", 5)
    if len(parts) <= 5:
        return None
    kind = parts[5].replace(":", "/").split("/")[0]
    found = _BY_SERVICE.get((parts[2], kind))
    if found is None:
        return None
    return found, parts[_REGION_PART] if found is Collector.SECRETS else GLOBAL
