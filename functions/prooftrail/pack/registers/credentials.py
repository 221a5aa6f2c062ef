"""11: the rotation state of every key, secret, service-specific credential, certificate and password, and what replaced what."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from prooftrail.model.iam import AccessKey, SamlProvider, Secret, ServerCertificate, ServiceSpecificCredential, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.pack.registers.columns import account_status, empty, filled, instant, number, shown, text, truth
from prooftrail.pack.registers.identity_words import ACTIVE, children_of, status_of
from prooftrail.pack.table import ColumnType, Register, Row, Table, Value
from prooftrail.pack.view import AccountView, Listed, PeriodView, Presence

_NO_TRAIL = "this version reads no CloudTrail: who rotated, and by which call, is not collected"
_NOT_ASKED = "this version does not record which consumers took over the new credential"

ROTATION = Table(
    file="11_rotation",
    title="Rotation state",
    about=(
        "One row per credential that exists: access keys, secrets (never a value), credentials for one service, server"
        " certificates, SAML metadata, and passwords of IAM users; and one per access key that went and was not replaced. It is"
        " the state as snapshots show it. A key that came in the period to a user whose other key went, became inactive or"
        " is older is named as the new one of the pair: that is what was seen, and not who meant it."
    ),
    questions=(8,),
    sheet="Rotation",
    columns=(
        text(
            "credential_id_old",
            "the key that was replaced in the period, or went; empty where nothing was seen replaced",
        ),
        text(
            "credential_id_new",
            "the credential that is there, which the rest of the row is about; empty where one went",
        ),
        text("kind", "access_key, secret, service_specific_credential, certificate, saml_metadata or password"),
        text("identity_id", "the identity it is or belongs to, as in 03"),
        text("owner", "its accountable owner"),
        text("reason", "what its control says of it, as a sentence"),
        number("limit_days", "days its tier allows; of certificates days before expiry by which it is to be renewed"),
        number(
            "age_at_rotation",
            "whole days the old one had lived when the new one was made; empty where nothing was rotated",
        ),
        instant(
            "rotated_at",
            "when the new key was created, or the secret's current value; empty where no rotation is known",
        ),
        empty("actor", "who rotated it", _NO_TRAIL),
        empty("event_ids", "the calls by which it was", _NO_TRAIL, ColumnType.LIST),
        instant("expires_at", "when it ends by itself; empty where it does not or that was not read"),
        instant(
            "next_due",
            "made plus the limit, or its expiry if sooner, or that less the warning; empty where no limit applies",
        ),
        empty("consumers_confirmed", "that its consumers use the new one", _NOT_ASKED, ColumnType.BOOLEAN),
        text("result", "what the control came to for it; empty where no control judges its age"),
        text("control_id", "the control that judged"),
        text("account_id", "the account it is in"),
        text("name", "the name of the identity"),
        text("arn", "its ARN"),
        text("parent_id", "the user it belongs to"),
        text("tier", "the tier whose limit applies"),
        text("status", "active, inactive, expired, planned for deletion, gone, or present"),
        instant("made_at", "when it, or of a secret the current value, was made; empty where not read"),
        number("age_days", "whole days it has lived at the run shown; empty where not known"),
        truth("automatic", "of a secret whether AWS rotates it by itself"),
        number("automatic_every_days", "every how many days, where that is set in days"),
        instant("last_rotated_at", "of a secret when AWS last rotated it"),
        instant("last_used_at", "its last use, where AWS tells one"),
        text("pair", "how the pair is known, where there is one"),
        text("old_is", "what became of the old key of the pair: gone, inactive, or STILL ACTIVE"),
        text("gone_in_run", "the run whose complete reading showed the old one no more"),
        text("limit_set_by", "who set the limit"),
        text("evidence_id", "the sealed snapshot that shows it"),
        number("evidence_line", "its line in the unpacked object, counted from 1"),
        truth("stale", "true where it is shown from a run before the one shown, or judged by one"),
        account_status(),
    ),
)


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of credential is judged: the control, the name of its limit, and what the limit counts from."""

    kind: str
    control: str | None
    limit: str | None = None
    before_expiry: bool = False


_KEY = _Judged(kind="access_key", control="IDC-15", limit="max_age_days")
_SERVICE = _Judged(kind="service_specific_credential", control="IDC-16", limit="service_specific_max_lifetime_days")
_SECRET = _Judged(kind="secret", control="IDC-17", limit="max_age_days")
_CERTIFICATE = _Judged(kind="certificate", control="IDC-19", limit="warn_before_expiry_days", before_expiry=True)
_METADATA = _Judged(kind="saml_metadata", control="IDC-19", limit="warn_before_expiry_days", before_expiry=True)
_PASSWORD = _Judged(kind="password", control=None)


class _Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A key and the one that came after it; of the old one what became of it and when it was created."""

    old: str
    old_made: datetime | None
    new: str
    rotated_at: datetime | None
    how: str
    old_is: str


def _rotation(one: AccountView, period: PeriodView) -> Iterator[Row]:
    account = _Account(one, period)
    for listed in one.listed:
        facts = listed.identity.facts
        if isinstance(facts, User):
            if facts.password_enabled:
                yield account.row(listed, _PASSWORD, facts.password_changed_at)
        elif isinstance(facts, Secret):
            yield account.row(listed, _SECRET, facts.value_created_at)
        elif judged := _judged(listed.identity):
            yield account.row(listed, judged, listed.identity.created_at)
    for gone in one.presences:
        if gone.went and gone.kind == "access_key" and not gone.account_left and not account.replaced(gone.id):
            yield account.gone(gone)


def _judged(identity: Identity) -> _Judged | None:
    match identity.facts:
        case AccessKey():
            return _KEY
        case ServiceSpecificCredential():
            return _SERVICE
        case ServerCertificate():
            return _CERTIFICATE
        case SamlProvider():
            return _METADATA
        case _:
            return None


class _Account:
    """The credentials of one account with their limits and successors."""

    def __init__(self, one: AccountView, period: PeriodView) -> None:
        self._one, self._period = one, period
        self._results = {(each.control, each.subject): each for each in one.results}
        self._at = one.read_run.taken_at if one.read_run else period.as_of.taken_at
        self._pairs = dict(_pairs(one))
        self._went = {each.id: each.went for each in one.presences}

    def row(self, listed: Listed, judged: _Judged, made: datetime | None) -> Row:
        """The row of a credential that is there."""
        one, period, identity = self._one, self._period, listed.identity
        part = "#password" if judged is _PASSWORD else ""
        shown_id, pair = shown(period, identity.id + part), self._pairs.get(identity.id) if judged is _KEY else None
        result = self._results.get((judged.control or "", identity.id))
        tier = result.tier if result and result.tier else self._tier(identity.id)
        applies = result is not None and result.status is not ResultStatus.NOT_APPLICABLE
        limit, set_by = self._limit(judged, tier) if applies else (None, None)
        expires = _expires(identity)
        rotated, lived = self._rotated(identity, pair, made)
        return (
            pair.old if pair else None,
            shown_id,
            judged.kind,
            shown(period, identity.id),
            shown(period, identity.owner.value),
            shown(period, result.reason) if result else _unjudged(judged, one),
            limit,
            lived,
            rotated,
            None,
            None,
            expires,
            _due(judged, made, expires, limit),
            None,
            result.status.value if result else None,
            judged.control,
            one.account,
            shown(period, identity.name),
            shown(period, identity.arn),
            shown(period, identity.parent),
            tier.value if tier else None,
            status_of(identity, self._at) if judged is not _PASSWORD else "active",
            made,
            max(0, (self._at - made).days) if made else None,
            *_automatic(identity),
            identity.usage.last_used_at,
            pair.how if pair else None,
            pair.old_is if pair else None,
            self._went.get(pair.old) if pair else None,
            shown(period, set_by),
            listed.evidence,
            listed.line,
            one.stale or listed.seen_in != period.as_of.run_id,
            one.account_status,
        )

    def replaced(self, key_id: str) -> bool:
        """True for the old key of a pair, which the new one's row tells of."""
        return any(each.old == key_id for each in self._pairs.values())

    def gone(self, was: Presence) -> Row:
        """The row of a key that went in the period, and that nothing was seen to replace."""
        one, period = self._one, self._period
        row: dict[str, Value] = {
            "credential_id_old": shown(period, was.id),
            "kind": _KEY.kind,
            "identity_id": shown(period, was.id),
            "reason": "it is gone: the run named read its place to the end and does not list it",
            "control_id": _KEY.control,
            "account_id": one.account,
            "name": shown(period, was.name),
            "arn": shown(period, was.arn),
            "status": "gone",
            "made_at": was.created_at,
            "gone_in_run": was.went,
            "stale": one.stale,
            "account_status": one.account_status,
        }
        return filled(ROTATION, row)

    def _tier(self, identity_id: str) -> Tier | None:
        risk = self._one.risks.get(identity_id)
        return risk.tier if risk else None

    def _limit(self, judged: _Judged, tier: Tier | None) -> tuple[int | None, str | None]:
        """The days that apply; nothing where no control judges it or its tier is not known."""
        if judged.control is None or judged.limit is None or tier is None:
            return None, None
        try:
            held = self._period.limits.described(judged.control, judged.limit, tier)
            return int(self._period.limits.value(judged.control, judged.limit, tier)), held.set_by
        except KeyError:
            return None, None

    def _rotated(
        self, identity: Identity, pair: _Pair | None, made: datetime | None
    ) -> tuple[datetime | None, int | None]:
        """When it was rotated last, and how many days the one before had lived; None for what was never seen rotated."""
        if pair is not None:
            lived = (pair.rotated_at - pair.old_made).days if pair.rotated_at and pair.old_made else None
            return pair.rotated_at, lived
        if isinstance(identity.facts, Secret) and made and identity.created_at and made > identity.created_at:
            return made, None
        return None, None


def _pairs(one: AccountView) -> Iterator[tuple[str, _Pair]]:
    """By the new key's id, each key that came after another of the same user, as far as the period shows both."""
    came = {each.id for each in one.presences if each.came}
    gone = [each for each in one.presences if each.went and each.kind == "access_key" and not each.account_left]
    for keys in children_of(each.identity for each in one.listed).values():
        held = [each for each in keys if isinstance(each.facts, AccessKey)]
        dated = sorted((each for each in held if each.created_at), key=lambda each: (each.created_at, each.id))
        arns = {each.arn for each in held}
        was = [each for each in gone if each.arn in arns and each.created_at]
        for older, newer in pairwise(dated):
            if newer.id in came:
                status = older.facts.status if isinstance(older.facts, AccessKey) else ACTIVE
                old_is = "STILL ACTIVE" if status == ACTIVE else status.lower()
                yield newer.id, _pair(older.id, older.created_at, newer, old_is)
        if len(dated) == 1 and dated[0].id in came and was:
            last = max(was, key=lambda each: (str(each.created_at), each.id))
            yield dated[0].id, _pair(last.id, last.created_at, dated[0], "gone")


def _pair(old: str, old_made: datetime | None, new: Identity, old_is: str) -> _Pair:
    how = "both are of one user; the new one came in the period"
    return _Pair(old=old, old_made=old_made, new=new.id, rotated_at=new.created_at, how=how, old_is=old_is)


def _expires(identity: Identity) -> datetime | None:
    match identity.facts:
        case (
            ServerCertificate(expires_at=end)
            | ServiceSpecificCredential(expires_at=end)
            | SamlProvider(valid_until=end)
        ):
            return end
        case _:
            return None


def _due(judged: _Judged, made: datetime | None, expires: datetime | None, limit: int | None) -> datetime | None:
    if limit is None:
        return None
    if judged.before_expiry:
        return expires - timedelta(days=limit) if expires else None
    return min((each for each in (expires, made and made + timedelta(days=limit)) if each), default=None)


def _automatic(identity: Identity) -> Row:
    facts = identity.facts
    if not isinstance(facts, Secret):
        return None, None, None
    return facts.rotation_enabled, facts.rotate_after_days, facts.last_rotated_at


def _unjudged(judged: _Judged, one: AccountView) -> str:
    if judged.control is None:
        return "no control judges the age of a password; IDC-11 to IDC-13 judge what it is used with"
    return f"{judged.control} gave no result for it" + (f": {one.unjudged}" if one.unjudged else "")


CREDENTIAL_REGISTERS = (Register(table=ROTATION, each=_rotation),)
