"""Reads one account, whole: which collector is asked when, and what each needs of the others."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from prooftrail.errors import AccountUnreachable
from prooftrail.evidence.redaction import Redactor
from prooftrail.model.account import AccountReadings, Carry, Count
from prooftrail.model.organization import PermissionSet
from prooftrail.model.reading import Gap, GapReason, Reading
from prooftrail.model.run import Run
from prooftrail.ports import Clock, RawSink, Target

from .access_keys import read_access_keys
from .alternate_contacts import read_contacts
from .aws_policies import read_unpublished
from .credential_report import read_report, request_report
from .governor import Governors
from .iam_account import (
    read_features,
    read_oidc_providers,
    read_outbound_federation,
    read_password_policy,
    read_saml_providers,
    read_server_certificates,
    read_service_credentials,
    read_summary,
)
from .iam_mfa import read_mfa
from .iam_principals import Principals, read_principals, read_role_settings
from .identity_center import read_permission_sets
from .observer import Observer
from .questions import CREDENTIALS
from .regions import read_regions
from .secrets_manager import read_secrets
from .sessions import Sessions

_THREADS = 8  # the short lists and the regions go side by side; the governor keeps their pace


class AwsAccountSource:
    """Reads accounts of one partition under the credentials `sessions` gives. Satisfies ports.AccountSource.

    `governors` may be shared by many sources: pace is AWS's affair with an account, not ours with a run.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        clock: Clock,
        governors: Governors,
        partition: str,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions, self._clock, self._governors, self._partition = sessions, clock, governors, partition
        self._sleep, self._monotonic = sleep, monotonic

    def read(self, target: Target, *, run: Run, carry: Carry, raw: RawSink, redactor: Redactor) -> AccountReadings:
        """Everything the collectors see in the account, redacted, each with its provenance and gaps.

        The report is asked for before the listing and read after it, and the account's own counts are taken on both
        sides of the listing. All enabled regions are listed even where the target names its own. Where not even the regions are
        known, the home region is read. Raises AccountUnreachable where the role cannot be taken, or the first two
        calls get no answer or are refused because of the credentials themselves.
        """
        observer = self._observer(target, run=run, raw=raw, redactor=redactor)
        started_at = self._clock.now()
        with ThreadPoolExecutor(max_workers=_THREADS) as threads:
            asked = threads.submit(request_report, observer)
            before = read_summary(observer)
            requested = asked.result()
            _require_an_answer(target.account, requested.refusal, before)
            listing = threads.submit(read_regions, observer)
            principals = read_principals(observer)
            beside = _Beside(threads, observer, principals, listing.result(), target, carry)
            asking = threads.submit(read_contacts, observer, run=run, carry=carry)
            report = read_report(requested, sleep=self._sleep, monotonic=self._monotonic)
            devices = threads.submit(read_mfa, observer, report=report)
            keys = read_access_keys(observer, principals=principals, report=report, carry=carry)
        contacts = asking.result()
        return AccountReadings(
            account=target.account,
            regions=listing.result(),
            regions_read=beside.regions,
            summary_before=before,
            summary_after=beside.summary.result(),
            principals=principals.reading,
            groups=principals.groups,
            policies=principals.policies,
            documents=principals.documents,
            role_settings=beside.role_settings.result(),
            report=report,
            access_keys=keys.reading,
            mfa=devices.result(),
            service_credentials=beside.service_credentials.result(),
            password_policy=beside.password_policy.result(),
            saml_providers=beside.saml_providers.result(),
            oidc_providers=beside.oidc_providers.result(),
            server_certificates=beside.server_certificates.result(),
            outbound_federation=beside.outbound_federation.result(),
            secrets=tuple((region, reading.result()) for region, reading in beside.secrets),
            contacts=contacts.reading,
            contacts_read_in=contacts.read_in,
            features=beside.features.result() if beside.features else None,
            permission_sets=beside.permission_sets.result() if beside.permission_sets else None,
            aws_policies=beside.aws_policies.result(),
            sightings=redactor.sightings(),
            sampled=keys.sampled,
            started_at=started_at,
            finished_at=self._clock.now(),
            calls=observer.calls,
            throttled=observer.throttled,
        )

    def _observer(self, target: Target, *, run: Run, raw: RawSink, redactor: Redactor) -> Observer:
        if target.direct:
            client_of = self._sessions.direct()
        else:
            client_of = self._sessions.member(target.account, partition=self._partition, source_identity=run.id)
        return Observer(
            account=target.account,
            partition=self._partition,
            client_of=client_of,
            home_region=self._sessions.region,
            governors=self._governors,
            clock=self._clock,
            raw=raw,
            redactor=redactor,
        )


class _Beside:
    """What is read in threads of its own while the report is waited for: the short lists, and each region's secrets."""

    def __init__(
        self,
        threads: ThreadPoolExecutor,
        observer: Observer,
        principals: Principals,
        enabled: Reading[str],
        target: Target,
        carry: Carry,
    ) -> None:
        self.regions = tuple(sorted(set(target.regions or enabled.items or (observer.home_region,))))
        everywhere = frozenset(self.regions)
        self.summary = threads.submit(read_summary, observer)  # the principals are read: the count after them
        self.role_settings = threads.submit(read_role_settings, observer)
        self.secrets = [
            (region, threads.submit(read_secrets, observer, region=region, carry=carry, also_read=everywhere))
            for region in self.regions
        ]
        self.aws_policies = threads.submit(read_unpublished, observer, principals, carry.aws_policies)
        self.service_credentials = threads.submit(read_service_credentials, observer, principals.users)
        self.password_policy = threads.submit(read_password_policy, observer)
        self.saml_providers = threads.submit(read_saml_providers, observer)
        self.oidc_providers = threads.submit(read_oidc_providers, observer)
        self.server_certificates = threads.submit(read_server_certificates, observer)
        self.outbound_federation = threads.submit(read_outbound_federation, observer)
        self.features: Future[Reading[str]] | None = None
        self.permission_sets: Future[Reading[PermissionSet]] | None = None
        if target.organization_level:
            self.features = threads.submit(read_features, observer)
            self.permission_sets = threads.submit(
                read_permission_sets, observer, tuple(sorted(set(enabled.items) | everywhere))
            )


def _require_an_answer(account: str, first: Gap | None, second: Reading[Count]) -> None:
    """Raise AccountUnreachable if the first two calls both failed for a reason that all further ones would share."""
    if first is None or second.complete:
        return
    gaps = (first, *second.gaps)
    if all(gap.reason is GapReason.UNREACHABLE or gap.code in CREDENTIALS for gap in gaps):
        raise AccountUnreachable(account, f"{first.api}: {first.detail}", first.code)
