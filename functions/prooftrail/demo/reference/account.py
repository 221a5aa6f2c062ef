"""Builds one account as its collectors would have read it: everything was read, unless a field or a source says not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from prooftrail.demo.estate.documents import Statement
from prooftrail.governance import Governance
from prooftrail.inventory.assemble import assemble
from prooftrail.inventory.context import OrgContext
from prooftrail.model import canonical, trust
from prooftrail.model.account import AccountReadings, Count, OutboundFederation, Report, RoleSettings, UserMfa
from prooftrail.model.iam import (
    AccessKey,
    AttachedPolicy,
    Group,
    InlinePolicy,
    KeySlot,
    ManagedPolicy,
    MfaDevice,
    MfaKind,
    OidcProvider,
    PasswordPolicy,
    PolicyDocument,
    ReportRow,
    Role,
    SamlProvider,
    Secret,
    SecretVersion,
    ServerCertificate,
    ServiceSpecificCredential,
    Usage,
    User,
)
from prooftrail.model.identity import Facts, Observed
from prooftrail.model.organization import Account, PermissionSet, Tag
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading, Source
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Snapshot

REGIONS = ("us-east-1", "eu-west-1")
UNTOLD, NEVER = Usage(tracked=False), Usage(tracked=True)
STRONG_PASSWORDS = PasswordPolicy(set=True, minimum_length=16, reuse_prevention=24)

type Span = timedelta | None


class ReferenceAccount:
    """One account being filled. Ages and last uses are spans before `at`; None is never used, `UNTOLD` not known."""

    def __init__(self, account: Account, *, at: datetime, partition: str = "aws") -> None:
        self.account, self.at, self.partition = account, at, partition
        self.documents: dict[str, PolicyDocument] = {}
        self.observed: list[Observed] = []
        self.groups: list[Group] = []
        self.policies: list[ManagedPolicy] = []
        self.rows: dict[str, ReportRow] = {}
        self.settings: list[RoleSettings] = []
        self.devices: list[UserMfa] = []
        self.sets: tuple[PermissionSet, ...] | None = None
        self.root_mfa, self.root_key = True, False
        self.passwords = STRONG_PASSWORDS
        self.refused: dict[str, bool] = {}

    @property
    def id(self) -> str:
        """The account's number."""
        return self.account.id

    def arn(self, resource: str, *, account: str | None = None) -> str:
        """An IAM ARN, of this account unless another is named."""
        return f"arn:{self.partition}:iam::{account or self.id}:{resource}"

    def unique(self, prefix: str, *names: str) -> str:
        """An id that is the same for the same name in the same account."""
        drawn = sha256("/".join((self.id, prefix, *names)).encode()).hexdigest().upper()
        return prefix + drawn[: 16 if prefix == "AKIA" else 17]

    def document(self, *statements: Statement) -> PolicyDocument:
        """A policy document of these statements, held once."""
        text = canonical.encode({"Version": "2012-10-17", "Statement": list(statements)}).decode()
        made = PolicyDocument(sha256=canonical.sha256(text.encode()), text=text)
        self.documents[made.sha256] = made
        return made

    def aws_policy(self, name: str) -> AttachedPolicy:
        """An AWS-managed policy by the end of its ARN."""
        return AttachedPolicy(arn=f"arn:{self.partition}:iam::aws:policy/{name}", name=name.rpartition("/")[2])

    def policy(self, name: str, *statements: Statement) -> AttachedPolicy:
        """A customer-managed policy with one version."""
        arn = self.arn(f"policy/{name}")
        made = ManagedPolicy(
            id=self.unique("ANPA", name), arn=arn, name=name, path="/", default_version="v1",
            created_at=self.at - timedelta(days=500), updated_at=self.at - timedelta(days=500),
            versions=(("v1", self.document(*statements).sha256),),
        )  # fmt: skip
        self.policies.append(made)
        return AttachedPolicy(arn=arn, name=name)

    def role(
        self,
        name: str,
        *who: Statement,
        age: timedelta = timedelta(days=300),
        used: Span | Usage = timedelta(days=1),
        path: str = "/",
        tags: Mapping[str, str] | None = None,
        attached: Sequence[AttachedPolicy] = (),
        inline: Sequence[Statement] = (),
        boundary: str | None = None,
        session_s: int | None = 3600,
        description: str | None = None,
    ) -> Observed:
        """A role; `who` are the statements of its trust."""
        trusted = self.document(*who)
        facts = Role(
            path=path,
            trust=trust.parse(trusted.text),
            trust_document=trusted.sha256,
            attached=tuple(sorted(attached)),
            inline=self._inline(inline),
            boundary=boundary,
        )
        arn = self.arn(f"role{path}{name}")
        made = self._observe(
            self.unique("AROA", path, name), arn, name, facts, age=age, usage=self._usage(used), tags=tags
        )
        if session_s is not None:
            self.settings.append(RoleSettings(role_id=made.id, max_session_s=session_s, description=description))
        return made

    def user(
        self,
        name: str,
        *,
        age: timedelta = timedelta(days=300),
        path: str = "/",
        tags: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        attached: Sequence[AttachedPolicy] = (),
        inline: Sequence[Statement] = (),
        boundary: str | None = None,
        password: timedelta | None = None,
        signed_in: Span | Usage = None,
        mfa: MfaKind | None = None,
    ) -> Observed:
        """A user; `password` is the age of its password, None without one."""
        facts = User(
            path=path, groups=tuple(sorted(groups)), attached=tuple(sorted(attached)), inline=self._inline(inline),
            boundary=boundary,
        )  # fmt: skip
        arn = self.arn(f"user{path}{name}")
        made = self._observe(self.unique("AIDA", path, name), arn, name, facts, age=age, usage=UNTOLD, tags=tags)
        self.rows[made.id] = ReportRow(
            arn=arn, user=name, created_at=made.created_at, password_enabled=password is not None,
            password_usage=self._usage(signed_in) if password is not None else UNTOLD,
            password_changed_at=None if password is None else self.at - password, password_next_rotation=None,
            mfa_active=mfa is not None, keys=(), certificates=(),
        )  # fmt: skip
        if mfa is not None:
            serial = self.arn(f"{'u2f' if mfa is MfaKind.FIDO else 'mfa'}/{name}")
            self.devices.append(UserMfa(user_name=name, device=MfaDevice(serial=serial, kind=mfa)))
        return made

    def group(self, name: str, *, attached: Sequence[AttachedPolicy] = (), inline: Sequence[Statement] = ()) -> None:
        """A group with its policies."""
        self.groups.append(
            Group(
                id=self.unique("AGPA", name),
                arn=self.arn(f"group/{name}"),
                name=name,
                path="/",
                created_at=self.at - timedelta(days=500),
                attached=tuple(sorted(attached)),
                inline=self._inline(inline),
            )
        )

    def key(
        self,
        user: Observed,
        *,
        age: timedelta,
        used: Span | Usage = timedelta(days=1),
        active: bool = True,
        inactive_for: timedelta | None = None,
    ) -> Observed:
        """An access key of `user`."""
        row, usage = self.rows[user.id], self._usage(used)
        slot = KeySlot(slot=len(row.keys) + 1, active=active, rotated_at=self.at - age, usage=usage)
        self.rows[user.id] = msgspec.structs.replace(row, keys=(*row.keys, slot))
        facts = AccessKey(
            user_id=user.id, user_name=user.name, status="Active" if active else "Inactive",
            inactive_since=None if inactive_for is None else self.at - inactive_for,
        )  # fmt: skip
        name = self.unique("AKIA", user.id, str(slot.slot))
        return self._observe(name, user.arn, name, facts, age=age, usage=usage, tags={}, parent=user.id)

    def service_credential(self, user: Observed, *, age: timedelta, expires: timedelta | None) -> Observed:
        """A service-specific credential of `user`; `expires` from now, None for never."""
        facts = ServiceSpecificCredential(
            user_id=user.id, user_name=user.name, service="codecommit.amazonaws.com", status="Active",
            expires_at=None if expires is None else self.at + expires,
        )  # fmt: skip
        name = self.unique("ACCA", user.id)
        return self._observe(name, user.arn, name, facts, age=age, usage=UNTOLD, tags=None, parent=user.id)

    def secret(
        self,
        name: str,
        *,
        age: timedelta = timedelta(days=400),
        value: timedelta | None = timedelta(days=5),
        used: Span | Usage = timedelta(days=1),
        region: str = REGIONS[0],
        tags: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> Observed:
        """A secret whose present value is `value` old; None where that was not read."""
        made_at = None if value is None else self.at - value
        known = {
            "rotation_enabled": True, "rotate_after_days": 30, "last_rotated_at": made_at, "last_changed_at": made_at,
            "versions": (SecretVersion(id="v1", stages=("AWSCURRENT",), created_at=made_at),),
            "value_created_at": made_at, "value_age_known": made_at is not None, **facts,
        }  # fmt: skip
        arn = f"arn:{self.partition}:secretsmanager:{region}:{self.id}:secret:{name}-{self.unique('', name)[:6]}"
        usage = self._usage(used)
        return self._observe(arn, arn, name, Secret(**known), age=age, usage=usage, tags=tags, region=region)

    def certificate(self, name: str, *, expires: timedelta, tags: Mapping[str, str] | None = None) -> Observed:
        """A server certificate stored in IAM."""
        facts = ServerCertificate(path="/", expires_at=self.at + expires)
        arn = self.arn(f"server-certificate/{name}")
        return self._observe(
            self.unique("ASCA", name), arn, name, facts, age=timedelta(days=90), usage=UNTOLD, tags=tags
        )

    def saml_provider(self, name: str, *, valid: timedelta, tags: Mapping[str, str] | None = None) -> Observed:
        """A SAML provider whose metadata is valid for that much longer."""
        facts, arn = SamlProvider(valid_until=self.at + valid), self.arn(f"saml-provider/{name}")
        return self._observe(arn, arn, name, facts, age=timedelta(days=340), usage=UNTOLD, tags=tags)

    def oidc_provider(self, url: str, *audiences: str, tags: Mapping[str, str] | None = None) -> Observed:
        """An OIDC provider by its URL without a scheme."""
        facts = OidcProvider(url=f"https://{url}", client_ids=tuple(sorted(audiences)), thumbprints=())
        arn = self.arn(f"oidc-provider/{url}")
        return self._observe(arn, arn, url, facts, age=timedelta(days=340), usage=UNTOLD, tags=tags)

    def without_answer(self, *fields: str, shown: bool = False) -> None:
        """Let these readings, by their name in `AccountReadings`, be refused: wholly, or in part where `shown`."""
        self.refused |= dict.fromkeys(fields, shown)

    def readings(self) -> AccountReadings:
        """Everything as it was read."""
        users = [one for one in self.observed if isinstance(one.facts, User)]
        roles = [one for one in self.observed if isinstance(one.facts, Role)]
        named = {"Users": len(users), "Groups": len(self.groups), "Policies": len(self.policies)}
        named["Roles"] = sum(":role/aws-service-role/" not in one.arn for one in roles)
        named["Providers"] = len([*self._of(SamlProvider), *self._of(OidcProvider)])
        named |= {"ServerCertificates": len(self._of(ServerCertificate)), "AccountMFAEnabled": int(self.root_mfa)}
        named |= {"AccountAccessKeysPresent": int(self.root_key), "AccountPasswordPresent": 1}
        summary = self._read("summary", [Count(name=name, value=value) for name, value in sorted(named.items())])
        report = Report(generated_at=self.at, columns=("user",), rows=(self._root_row(), *self.rows.values()))
        return AccountReadings(
            account=self.id,
            regions=self._read("regions", REGIONS),
            regions_read=REGIONS,
            summary_before=summary,
            summary_after=summary,
            principals=self._read("principals", (*users, *roles)),
            groups=tuple(self.groups),
            policies=tuple(self.policies),
            documents=tuple(self.documents.values()),
            role_settings=self._read("role_settings", self.settings),
            report=self._read("report", (report,)),
            access_keys=self._read("access_keys", self._of(AccessKey)),
            mfa=self._read("mfa", self.devices),
            service_credentials=self._read("service_credentials", self._of(ServiceSpecificCredential)),
            password_policy=self._read("password_policy", (self.passwords,)),
            saml_providers=self._read("saml_providers", self._of(SamlProvider)),
            oidc_providers=self._read("oidc_providers", self._of(OidcProvider)),
            server_certificates=self._read("server_certificates", self._of(ServerCertificate)),
            outbound_federation=self._read("outbound_federation", (OutboundFederation(enabled=False),)),
            secrets=tuple(
                (region, self._read("secrets", (one for one in self._of(Secret) if one.region == region)))
                for region in REGIONS
            ),
            contacts=self._read("contacts", ()),
            contacts_read_in=None if "contacts" in self.refused else canonical.run_id(self.at),
            features=None if not self.account.management else self._read("features", ("RootCredentialsManagement",)),
            permission_sets=None if self.sets is None else self._read("permission_sets", self.sets),
            started_at=self.at,
            finished_at=self.at + timedelta(minutes=2),
        )  # fmt: skip

    def snapshot(self, *, run: Run, organization: OrgContext, governance: Governance) -> Snapshot:
        """The account as a run would seal it."""
        return assemble(self.readings(), account=self.account, run=run, context=organization, governance=governance)

    def _observe(
        self, unique: str, arn: str, name: str, facts: Facts, *, age: timedelta, usage: Usage,
        tags: Mapping[str, str] | None, region: str = GLOBAL, parent: str | None = None,
    ) -> Observed:  # fmt: skip
        made = Observed(
            id=unique, arn=arn, region=region, name=name, created_at=self.at - age,
            tags=tuple(sorted(Tag(key=key, value=value) for key, value in (tags or {}).items())),
            facts=facts, usage=usage, parent=parent,
        )  # fmt: skip
        self.observed.append(made)
        return made

    def _inline(self, statements: Iterable[Statement]) -> tuple[InlinePolicy, ...]:
        listed = list(statements)
        return (InlinePolicy(name="inline", document=self.document(*listed).sha256),) if listed else ()

    def _usage(self, used: Span | Usage) -> Usage:
        if isinstance(used, Usage):
            return used
        return NEVER if used is None else Usage(tracked=True, last_used_at=self.at - used)

    def _root_row(self) -> ReportRow:
        slots = (KeySlot(slot=1, active=True, rotated_at=self.at - timedelta(days=200), usage=NEVER),)
        return ReportRow(
            arn=self.arn("root"), user="<root_account>", created_at=self.at - timedelta(days=900), password_enabled=None,
            password_usage=NEVER, password_changed_at=None, password_next_rotation=None, mfa_active=self.root_mfa,
            keys=slots if self.root_key else (), certificates=(),
        )  # fmt: skip

    def _of(self, facts: type) -> list[Observed]:
        return [one for one in self.observed if isinstance(one.facts, facts)]

    def _read[T](self, name: str, items: Iterable[T]) -> Reading[T]:
        source = Source(
            api=name, region=GLOBAL, calls=1, observed_from=self.at, observed_to=self.at, aws_date_from=self.at,
            aws_date_to=self.at,
        )  # fmt: skip
        if name not in self.refused:
            return Reading(items=tuple(items), sources=(source,))
        gap = Gap(api=name, reason=GapReason.DENIED, detail="not authorized", code="AccessDenied")
        return Reading(items=tuple(items) if self.refused[name] else (), gaps=(gap,), sources=(source,))
