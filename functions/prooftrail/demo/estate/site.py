"""One account, and what is needed to put things into it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User, iam_backends

from prooftrail.demo.estate.identifiers import Identifiers
from prooftrail.demo.mends.iam_policies import aws_managed_policy
from prooftrail.demo.mends.world import Beyond, World

# The first region is home: sign-in, Identity Center and most secrets live there. The second takes replicas.
REGIONS = {
    "aws": ("us-east-1", "eu-west-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One thing that was put there on purpose: where, what, why it is hard, and on which day it happened."""

    account_id: str
    what: str
    why: str
    subject: str
    day: int = 1


@dataclass(kw_only=True)
class Site:
    """An account being furnished. Times are naive UTC, as moto keeps them."""

    name: str
    id: str
    partition: str
    ids: Identifiers
    world: World
    ticks: Callable[[int], datetime]
    lines: list[StoryLine]
    day: int = 1
    _policies: dict[str, ManagedPolicy] = field(default_factory=dict)

    @property
    def iam(self) -> IAMBackend:
        """Moto's IAM of this account."""
        return iam_backends[self.id][self.partition]

    @property
    def beyond(self) -> Beyond:
        """The facts of this account that moto cannot hold."""
        return self.world.beyond(self.id)

    @property
    def home(self) -> str:
        """The region most things are in."""
        return REGIONS[self.partition][0]

    @property
    def second(self) -> str:
        """The region replicas go to."""
        return REGIONS[self.partition][1]

    def arn(self, resource: str, *, account: str | None = None, service: str = "iam") -> str:
        """A region-less ARN, of this account unless another is named."""
        return f"arn:{self.partition}:{service}::{account or self.id}:{resource}"

    def ago(self, days: float, *, like: str = "") -> datetime:
        """So many days before the present day's tick; `like` makes the hour a matter of the name, not of the tick."""
        moment = self.ticks(self.day) - timedelta(days=days)
        jitter = self.ids.draw("hour", self.id, like).randrange(5 * 3600) if like else 0
        return (moment - timedelta(seconds=jitter)).replace(tzinfo=None, microsecond=0)

    def tell(self, subject: str, what: str, why: str) -> None:
        """Add a line to the story."""
        self.lines.append(StoryLine(account_id=self.id, what=what, why=why, subject=subject, day=self.day))

    def role(self, name: str) -> Role:
        """The role of that name; it must be there."""
        return next(role for role in self.iam.roles.values() if role.name == name)

    def has_role(self, name: str) -> bool:
        """Whether there is a role of that name."""
        return any(role.name == name for role in self.iam.roles.values())

    def attach_aws(self, to: User | Role | Group, *names: str) -> None:
        """Attach AWS-managed policies by name."""
        for name in names:
            if name not in self._policies:
                policy = self._policies[name] = aws_managed_policy(name, self.id, self.partition)
                self.iam.managed_policies[policy.arn] = policy
            self._policies[name].attach_to(to)

    def attach_own(self, to: User | Role | Group, *names: str) -> None:
        """Attach the account's own policies by name."""
        for name in names:
            next(p for p in self.iam.managed_policies.values() if p.name == name).attach_to(to)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
