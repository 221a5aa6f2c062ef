"""Puts the flows together for a deployed function: each as it is asked for, once for as long as the function is warm."""

import os
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

from prooftrail.deployed import Deployed
from prooftrail.errors import ConfigError
from prooftrail.flows.read_plan import ReadPlan

from .deployed_notices import DeployedNotices

if TYPE_CHECKING:
    from prooftrail.adapters.aws.topic import Topic
    from prooftrail.adapters.aws.work_bucket import WorkBucket
    from prooftrail.flows.close_run import CloseRun
    from prooftrail.flows.keep_ledger import KeepLedger
    from prooftrail.flows.open_chain import Founder, OpenChain
    from prooftrail.flows.record_failure import RecordFailure
    from prooftrail.flows.scan_account import ScanAccount
    from prooftrail.flows.start_run import StartRun
    from prooftrail.flows.tick import Tick
    from prooftrail.flows.turn_key import TurnKey
    from prooftrail.flows.watch import Watch, WeeklyWord

_TAGS_WITHIN = timedelta(minutes=8)  # of the fifteen that Lambda gives, so that the plan is committed all the same


class DeployedWiring(DeployedNotices):
    """The flows of one deployment. Raises ConfigError naming the variable that is missing, when a flow is asked for."""

    @classmethod
    def read(cls) -> Self:
        """The wiring this function's environment names. Raises ConfigError."""
        try:
            return cls(Deployed.read(os.environ))  # noqa: TID251 - a function is told its settings this way
        except ValueError as error:
            raise ConfigError(str(error)) from error

    @cached_property
    def tick(self) -> "Tick":
        """Starts the execution of the run that is due."""
        from prooftrail.adapters.aws.state_machine import StateMachine  # noqa: PLC0415
        from prooftrail.flows.tick import Tick  # noqa: PLC0415

        machine = StateMachine(self._client("stepfunctions"), self._need("state_machine"))
        return Tick(schedule=self.schedule, executions=machine, clock=self._clock)

    @cached_property
    def open_chain(self) -> "OpenChain":
        """Writes the genesis where there is none."""
        from prooftrail.flows.open_chain import OpenChain  # noqa: PLC0415

        return OpenChain(
            locker=self.locker,
            sealing=self.sealing,
            signer=self.signer,
            pin=self.pin,
            schedule=self.schedule,
            clock=self._clock,
            evidence_account=self._need("evidence_account"),
            witness=self.witness,
            organization_id=self._deployed.organization_id,
        )

    def founder(self) -> "Founder":
        """Whose chain it is, as AWS says."""
        from prooftrail.adapters.aws.founder import standing  # noqa: PLC0415
        from prooftrail.flows.open_chain import Founder  # noqa: PLC0415

        seen = standing(self._sessions, organization=self._deployed.organization_id is not None)
        return Founder(account=seen.account, partition=seen.partition, organization_id=seen.organization_id)

    @cached_property
    def start_run(self) -> "StartRun":
        """Seals the context and commits the plan."""
        from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415
        from prooftrail.adapters.aws.organizations import AwsOrganizationSource  # noqa: PLC0415
        from prooftrail.flows.start_run import StartRun  # noqa: PLC0415

        organization = self._deployed.organization_id
        source = AwsOrganizationSource(
            self._sessions,
            clock=self._clock,
            governors=Governors(),
            organization=organization is not None,
            tags_within=_TAGS_WITHIN,
        )
        return StartRun(
            locker=self.locker,
            sealing=self.sealing,
            signer=self.signer,
            pin=self.pin,
            organization=source,
            fingerprints=self._fingerprints,
            governance=self._governance,
            judge=self._judge,
            schedule=self.schedule,
            role_name=self._need("role_name") if organization is not None else None,
            code=self._code,
            clock=self._clock,
            open_chain=None,
            takes_up=False,
            organization_id=organization,
        )

    @cached_property
    def scan_account(self) -> "ScanAccount":
        """Reads, seals, judges and commits one account."""
        from prooftrail.adapters.aws.account_source import AwsAccountSource  # noqa: PLC0415
        from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415
        from prooftrail.flows.scan_account import ScanAccount  # noqa: PLC0415

        source = AwsAccountSource(
            self._sessions, clock=self._clock, governors=Governors(), partition=self._sessions.caller().partition
        )
        return ScanAccount(
            locker=self.locker,
            sealing=self.sealing,
            source=source,
            judge=self._judge,
            tell=None,
            fingerprints=self._fingerprints,
            regions=self._deployed.regions,
            code=self._code,
            clock=self._clock,
        )

    @cached_property
    def record_failure(self) -> "RecordFailure":
        """Commits that an account's scan broke off."""
        from prooftrail.flows.record_failure import RecordFailure  # noqa: PLC0415

        return RecordFailure(
            locker=self.locker, sealing=self.sealing, fingerprints=self._fingerprints, clock=self._clock
        )

    @cached_property
    def close_run(self) -> "CloseRun":
        """Writes the manifest; the ledger is told by steps of their own."""
        from prooftrail.flows.close_run import CloseRun  # noqa: PLC0415

        return CloseRun(
            locker=self.locker,
            sealing=self.sealing,
            signer=self.signer,
            pin=self.pin,
            keep=None,
            judge=self._judge,
            code=self._code,
            clock=self._clock,
        )

    @cached_property
    def turn_key(self) -> "TurnKey":
        """Brings the deployment's newest signing key into force."""
        from prooftrail.flows.turn_key import TurnKey  # noqa: PLC0415

        return TurnKey(
            locker=self.locker,
            retention=self._retention,
            before=self.signer_before,
            after=self.signer,
            pin=self.pin,
            clock=self._clock,
        )

    @cached_property
    def keep_ledger(self) -> "KeepLedger":
        """Brings the ledger up to the chain."""
        from prooftrail.flows.keep_ledger import KeepLedger  # noqa: PLC0415
        from prooftrail.flows.tell_ledger import TellLedger  # noqa: PLC0415

        tell = TellLedger(locker=self.locker, ledger=self._ledger)
        return KeepLedger(locker=self.locker, ledger=self._ledger, tell=tell)

    @cached_property
    def watch(self) -> "Watch":
        """Looks at the chain's end, from the evidence account."""
        from prooftrail.flows.watch import Watch  # noqa: PLC0415

        return Watch(
            locker=self.locker,
            signer=self.witness,
            public_key=self.signer.public_key_pem(),
            before=self.key_before,
            clock=self._clock,
            retention=self._retention,
        )

    @cached_property
    def weekly(self) -> "WeeklyWord":
        """Puts the week into words."""
        from prooftrail.flows.watch import WeeklyWord  # noqa: PLC0415

        return WeeklyWord(
            locker=self.locker,
            public_key=self.signer.public_key_pem(),
            before=self.key_before,
            witness_key=self.witness.public_key_pem(),
            clock=self._clock,
        )

    def forget_keys(self) -> None:
        """Ask for the keys anew when they are next wanted: an alias may mean another since. Clients are kept."""
        for one in ("close_run", "open_chain", "signer", "signer_before", "start_run", "turn_key", "watch", "weekly"):
            self.__dict__.pop(one, None)

    @cached_property
    def topic(self) -> "Topic":
        """Whom the watchdog mails."""
        from prooftrail.adapters.aws.topic import Topic  # noqa: PLC0415

        return Topic(self._client("sns"), self._need("topic"))

    @cached_property
    def read_plan(self) -> ReadPlan:
        """The plan of a run and the context it names, the last one kept."""
        return ReadPlan(locker=self.locker, sealing=self.sealing)

    @cached_property
    def work(self) -> "WorkBucket":
        """Lists between steps."""
        from prooftrail.adapters.aws.work_bucket import WorkBucket  # noqa: PLC0415

        return WorkBucket(self._client("s3"), self._need("work_bucket"))
