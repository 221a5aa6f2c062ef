"""How many calls an action takes, and what their number grows with: for estimates, and for people to read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Per(StrEnum):
    """What a number of calls grows with."""

    ACCOUNT = "account"
    REGION = "region"
    USER = "user"
    ROLE = "role"
    PRINCIPAL = "user, role, group and customer policy"
    PROVIDER = "identity provider"
    SECRET = "secret"
    MANAGED_POLICY = "AWS-managed policy in use"
    RUN = "run"
    MEMBER_ACCOUNT = "account of the organization"
    PARENT = "root or unit that holds units"
    DELEGATE = "delegated administrator"
    CONTROL_POLICY = "service or resource control policy"
    PERMISSION_SET = "permission set"
    OBJECT = "sealed object"
    ROW = "changed row"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How many calls an action takes in one run: `times` for every `page` things, and at least one where `page` is above 1.

    `only` names the rare case in which it is called at all; estimates leave it out. `every` says how often it is called
    where that is not in each run; estimates are of a first run, and count it.
    """

    per: Per
    page: int = 1
    only: str | None = None
    times: int = 1
    every: str | None = None

    def __str__(self) -> str:
        number = "one" if self.times == 1 else str(self.times)
        unit = f"{number} for each {self.per}" if self.page == 1 else f"{number} for every {self.page:,} ({self.per})"
        unit = f"{unit}, once {self.every}" if self.every else unit
        return f"{unit}, only {self.only}" if self.only else unit

    def calls(self, counts: Mapping[Per, int]) -> int:
        """Calls expected where there are so many of each thing; a thing that was not counted counts as none."""
        if self.only:
            return 0
        things = 1 if self.per in (Per.ACCOUNT, Per.RUN) else counts.get(self.per, 0)
        return self.times * (things if self.page == 1 else max(1, math.ceil(things / self.page)))
