"""What a person may choose for a scan, and where that leads when they choose nothing."""

import re
from dataclasses import dataclass
from pathlib import Path

from prooftrail.errors import ConfigError
from prooftrail.model.run import Schedule
from prooftrail.settings import ACCOUNT_WORKERS, ROLE_NAME

BUCKET = "s3://"
"""How the address of a bucket begins."""

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may choose for a scan; None stands for the default beside it.

    `regions` is `all` or a comma-separated list. `endpoint_url` and `credentials` are for simulated organizations.
    """

    locker: str
    home: Path | None = None
    signer: str | None = None
    fingerprint_key: str | None = None
    ledger: str | None = None
    governance: Path | None = None
    profile: str | None = None
    organization: bool = False
    role_name: str = ROLE_NAME
    external_id: str | None = None
    regions: str = "all"
    workers: int = ACCOUNT_WORKERS
    schedule: Schedule | None = None
    endpoint_url: str | None = None
    credentials: dict[str, str] | None = None

    def home_path(self) -> Path:
        """Where keys, ledger and the last head live: `--home`, else beside the locker under its name with `-home`."""
        if self.home is not None:
            return self.home
        name = self.locker.removeprefix(BUCKET).rstrip("/")
        return Path(f"{name}-home")

    def region_list(self) -> tuple[str, ...] | None:
        """The regions asked for, None for all enabled ones. Raises ConfigError for an empty list."""
        if self.regions.strip() == "all":
            return None
        named = tuple(one.strip() for one in self.regions.split(",") if one.strip())
        wrong = [one for one in named if not _REGION.fullmatch(one)]
        if not named or wrong:
            raise ConfigError(f"--regions {self.regions!r} names no regions: write `all`, or e.g. eu-west-1,us-east-1.")
        return named
