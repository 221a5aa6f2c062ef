"""The proving ground: identities in good order, one thing changed in each, and what the control map says must come of it.

A label is written from the control map and the rulings, never from what the code answered. Every limit is the same in all
tiers, so that a label does not depend on the score.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import msgspec

from prooftrail.demo.estate.documents import allow
from prooftrail.demo.reference.account import ReferenceAccount
from prooftrail.demo.reference.organization import RUN, TICK, account, aws_managed, context, inside
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.registers import BreakGlass, Legacy, Privileged, Registers, Supplier, Suppliers
from prooftrail.governance.thresholds import ByTier, EnvironmentEntry, Environments, Threshold, Thresholds
from prooftrail.model.identity import Observed
from prooftrail.model.judgement import ResultStatus
from prooftrail.model.organization import Account
from prooftrail.model.snapshot import Snapshot

PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_APPLICABLE, NOT_TESTED = ResultStatus.NOT_APPLICABLE, ResultStatus.NOT_TESTED
FINE = (PASS, NOT_APPLICABLE)

DAY, SECOND, TICKLE = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)
OUR, NONPROD, VENDOR, STRANGER = "111122223333", "444455556666", "777788889999", "555566667777"
OWNER, LEAVER = "pat", "lou"
TAGS = {"owner": OWNER, "purpose": "takes orders"}
MACHINE = TAGS | {"identity-class": "service"}
PERSON = TAGS | {"identity-class": "human"}
TODAY = TICK.date()
AWS_POLICIES = ("AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "IAMFullAccess")

LIMITS: dict[tuple[str, str], int | bool] = {
    ("IDC-07", "disable_after_days"): 45,
    ("IDC-07", "delete_after_disabled_days"): 30,
    ("IDC-08", "unused_role_days"): 90,
    ("IDC-11", "phishing_resistant_required"): False,
    ("IDC-15", "max_age_days"): 60,
    ("IDC-15", "two_active_keys_overlap_days"): 5,
    ("IDC-16", "service_specific_max_lifetime_days"): 90,
    ("IDC-17", "max_age_days"): 60,
    ("IDC-18", "unused_secret_days"): 90,
    ("IDC-19", "warn_before_expiry_days"): 30,
    ("IDC-24", "conflicts_allowed"): 0,
    ("IDC-27", "branch_or_environment_pin_required"): True,
    ("IDC-30", "max_session_hours"): 8,
}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What one control must come to for one subject; several answers where the control map leaves the choice."""

    control: str
    subject: str
    expected: tuple[ResultStatus, ...]
    mutation: str


@dataclass(kw_only=True)
class Trial:
    """One account under trial, with the entries of its policy and the labels of what stands in it."""

    made: ReferenceAccount
    mutation: str = ""
    readable: bool = True
    labels: list[Label] = field(default_factory=list)
    legacy: list[Legacy] = field(default_factory=list)
    privileged: list[Privileged] = field(default_factory=list)
    break_glass: list[BreakGlass] = field(default_factory=list)
    suppliers: list[Supplier] = field(default_factory=list)

    def expect(self, control: str, subject: Observed | str, *expected: ResultStatus) -> None:
        """Say what a control must come to."""
        name = subject if isinstance(subject, str) else subject.id
        self.labels.append(Label(control=control, subject=name, expected=expected, mutation=self.mutation))

    def justify(self, user: Observed, *, until: date | None = None) -> None:
        """Register the user's long-lived credentials as legacy."""
        self.legacy.append(Legacy(identity=user.arn, reason="an appliance", **approved(until)))

    def governance(self) -> Governance:
        """The policy in force."""
        at = TODAY - timedelta(days=400)
        return Governance(
            owners=Owners(owner=(Owner(id=OWNER, name=OWNER), Owner(id=LEAVER, name=LEAVER, active=False))),
            thresholds=Thresholds(
                version="1",
                threshold=tuple(uniform(control, name, value, at) for (control, name), value in LIMITS.items()),
                environments=Environments(
                    assign=(
                        EnvironmentEntry(environment="prod", account=OUR),
                        EnvironmentEntry(environment="nonprod", account=NONPROD),
                    )
                ),
            ),
            registers=Registers(
                legacy=tuple(self.legacy), privileged=tuple(self.privileged), break_glass=tuple(self.break_glass)
            ),
            suppliers=Suppliers(supplier=tuple(self.suppliers)),
            pseudonymous=True,
        )

    def taken(self) -> tuple[Snapshot, Context]:
        """The snapshot of the account, and the context of its run."""
        accounts = (self.made.account, account(NONPROD, environment="nonprod"))
        governance = self.governance()
        snapshot = self.made.snapshot(run=RUN, organization=inside(accounts), governance=governance)
        return snapshot, context(accounts, governance=governance, policies=aws_managed(*AWS_POLICIES))


type Mutation = Callable[[Trial, str, Random], None]
MUTATIONS: dict[str, tuple[Mutation, bool]] = {}


def mutation(*, alone: bool = False) -> Callable[[Mutation], Mutation]:
    """Register a mutation; `alone` gives each an account of its own, because it changes what holds for all."""

    def register(one: Mutation) -> Mutation:
        MUTATIONS[one.__name__] = (one, alone)
        return one

    return register


def uniform(control: str, name: str, value: int | bool, at: date = TODAY) -> Threshold:
    """One limit, the same in every tier."""
    values: ByTier[int | bool] = ByTier(critical=value, high=value, medium=value, low=value)
    return Threshold(control=control, name=name, values=values, approved_by="ciso", approved_on=at, effective_on=at)


def approved(until: date | None = None) -> Mapping[str, object]:
    """What every entry of a register carries."""
    return {"approved_by": "ciso", "approved_on": TODAY - timedelta(days=300), "expires_on": until}


def an_account(number: str = OUR) -> Account:
    """The account under trial."""
    return account(number, environment="prod")


def around(limit: timedelta, draw: Random) -> tuple[timedelta, bool]:
    """An age on one side of a limit or exactly on it, and whether it is past it."""
    further = timedelta(seconds=draw.randrange(1, 30 * 86400))
    choices = (
        (limit, False),
        (limit - SECOND, False),
        (max(limit - further, SECOND), False),
        (limit + TICKLE, True),
        (limit + SECOND, True),
        (limit + further, True),
    )
    return draw.choice(choices)


def verdict(past: bool) -> ResultStatus:
    """What a limit says."""
    return FAIL if past else PASS


def queue(trial: Trial) -> dict[str, object]:
    """A small permission, which makes nobody dangerous."""
    return allow("sqs:SendMessage", on=f"arn:aws:sqs:us-east-1:{trial.made.id}:orders")


def machine(trial: Trial, name: str, *, age: timedelta = 200 * DAY, **more: object) -> Observed:
    """A service user in good order, whose rights come from a group."""
    if not any(one.name == "senders" for one in trial.made.groups):
        trial.made.group("senders", inline=[queue(trial)])
    known = {"tags": MACHINE, "groups": ["senders"], **more}
    return trial.made.user(name, age=age, **known)  # type: ignore[arg-type]  # what a test changes


def without_creation(trial: Trial, one: Observed) -> None:
    """Let AWS not have said when `one` was made."""
    at = trial.made.observed.index(one)
    trial.made.observed[at] = msgspec.structs.replace(one, created_at=None)


def trials(count: int, *, seed: int = 2026, a_batch: int = 25) -> Iterable[Trial]:
    """`count` mutations, each kind in turn, those that may share an account put together."""
    names = sorted(MUTATIONS)
    shared: dict[str, Trial] = {}
    for number in range(count):
        name = names[number % len(names)]
        one, alone = MUTATIONS[name]
        draw = Random(f"{seed}/{name}/{number}")
        trial = None if alone else shared.get(name)
        if trial is None:
            trial = Trial(made=ReferenceAccount(an_account(), at=TICK), mutation=name)
        one(trial, f"{name.replace('_', '-')}-{number}", draw)
        if alone or len(trial.labels) >= a_batch:
            shared.pop(name, None)
            yield trial
        else:
            shared[name] = trial
    yield from shared.values()
