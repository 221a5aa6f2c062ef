"""Which regions the account has switched on, so that none is left out because nobody thought of it."""

from typing import Any

from prooftrail.model.reading import Gap, GapReason, Reading

from .observer import Api, Collecting, Observer
from .questions import Refused

LIST_REGIONS = Api("account", "list_regions")
DESCRIBE_REGIONS = Api("ec2", "describe_regions")

_SWITCHED_ON = ["ENABLED", "ENABLED_BY_DEFAULT"]
_PAGE = 50  # the most Account Management gives


def read_regions(observer: Observer) -> Reading[str]:
    """The names of the enabled regions, sorted; one that is being switched on or off is not among them.

    Account Management is asked first. Where it refuses, EC2 answers the same question: then there is no gap, and the
    refusal stands among the sources. Where both refuse, both are gaps.
    Source: account ListRegions, ec2 DescribeRegions.
    """
    found: Collecting[str] = Collecting(observer)
    try:
        names = _listed(found)
    except Refused as first:
        found.note(LIST_REGIONS, first.answer)
        try:
            names = _described(found)
        except Refused as second:
            found.gap(first.gap)
            found.gap(second.gap)
            names = []
    for name in sorted(set(names)):
        found.add(name)
    return found.reading()


def _listed(found: Collecting[str]) -> list[str]:
    """Every page; a token that comes twice leads nowhere and counts as a refusal."""
    names: list[str] = []
    onward: dict[str, Any] = {}
    while True:
        page = found.put(LIST_REGIONS, RegionOptStatusContains=_SWITCHED_ON, MaxResults=_PAGE, **onward)
        names += [row["RegionName"] for row in page.get("Regions", [])]
        following = page.get("NextToken")
        if not following:
            return names
        if following == onward.get("NextToken"):
            raise Refused(Gap(api=LIST_REGIONS.name, reason=GapReason.TRUNCATED, detail="AWS gave the same page twice"))
        onward = {"NextToken": following}


def _described(found: Collecting[str]) -> list[str]:
    """Without AllRegions EC2 names only those the account may use; the filter is for who names all the same."""
    rows = found.put(DESCRIBE_REGIONS).get("Regions", [])
    return [row["RegionName"] for row in rows if row.get("OptInStatus") != "not-opted-in"]
