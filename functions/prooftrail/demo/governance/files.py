"""Writes the simulated organization's governance files: its account numbers come of the seed, its dates of the first day."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from importlib.resources import files
from string import Template

_NAMES = ("scope", "owners", "thresholds", "suppliers", "registers", "soa", "exceptions", "notices")
_FOLDER = "prooftrail.demo.governance"


class _Values(Mapping[str, str]):
    """What stands for a placeholder: a name given, or a date as `ago_30` and `in_30` count it from the first day."""

    def __init__(self, named: Mapping[str, str], today: date) -> None:
        self._named, self._today = named, today

    def __getitem__(self, key: str) -> str:
        if key in self._named:
            return self._named[key]
        way, _, days = key.rpartition("_")
        return str(self._today + timedelta(days=int(days)) * {"ago": -1, "in": 1}[way])

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


def governance_files(
    accounts: Mapping[str, str], *, vendor: str, partition: str, first_day: datetime, risk_model: str
) -> dict[str, bytes]:
    """Acme's eight governance files, name to text, as `prooftrail governance check` reads them.

    `accounts` are numbers by plan name, of every account the policy speaks of whether or not it was opened. Dates count
    from `first_day`, so that the same first day gives the same policy.
    """
    named = {name.replace("-", "_"): number for name, number in accounts.items()}
    named |= {"vendor": vendor, "partition": partition, "risk_model": risk_model}
    values = _Values(named, first_day.date())
    folder = files(_FOLDER)
    return {
        f"{name}.toml": Template((folder / f"{name}.toml").read_text("utf-8")).substitute(values).encode()
        for name in _NAMES
    }
