"""02: which identities came and went in the period, by every run of it and not only by the last."""

from collections.abc import Iterator

from prooftrail.pack.registers.columns import account_status, instant, instant_of, number, shown, text, truth
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.view import AccountView, PeriodView, Presence

_BETWEEN = "when exactly between two runs is not known without CloudTrail"

CAME_AND_WENT = Table(
    file="02_identities_came_and_went",
    title="Identities that came and went",
    about=(
        "One row per identity that was not there all the period long, from every run of the period and not only the"
        " last, those of an account that left with it among them. What was born and gone between two runs stood in no"
        " snapshot: this version reads no CloudTrail, so it cannot be here, and how often that was nobody can say."
    ),
    questions=(6, 8),
    sheet="Came and went",
    columns=(
        text("identity_id", "AWS's unique id"),
        text("account_id", "the account it was in"),
        text("name", "its name; empty where its snapshot is gone"),
        text("arn", "its ARN"),
        text("kind", "what it was"),
        instant("created_at", "when AWS says it was created"),
        text("came_run", "the first run that showed it; empty where it was there when the period began"),
        instant("came_at", "the instant of that run"),
        text(
            "went_run",
            "the run whose complete reading showed it, or its account, no more; where presence says left the reading, the"
            " first that could not read its account; empty where it is there or nobody can say",
        ),
        instant("went_at", "the instant of that run"),
        text(
            "presence",
            "came, went, came and went, or nobody can say; entered or left the reading where runs before or after could"
            " not read its account: neither born nor gone then",
        ),
        truth(
            "transient", "true where it came and went within the period: neither its first nor its last day shows it"
        ),
        text(
            "how_known",
            "by snapshots, by its results alone, or by its account; and what lies between runs is not known",
        ),
        number("days_from_creation_to_first_run", "whole days in which it was there and no run had shown it"),
        account_status(),
    ),
)


def _came_and_went(one: AccountView, period: PeriodView) -> Iterator[Row]:
    for each in one.presences:
        first, last = each.came or each.entered, each.went or each.left
        came_at, went_at = instant_of(first), instant_of(last)
        words = (
            ("came", each.came), ("entered the reading", each.entered),
            ("went", each.went), ("left the reading", each.left),
        )  # fmt: skip
        said = " and ".join(word for word, run in words if run)
        late = (came_at - each.created_at).days if came_at and each.created_at else None
        yield (
            shown(period, each.id),
            one.account,
            shown(period, each.name),
            shown(period, each.arn),
            each.kind,
            each.created_at,
            first,
            came_at,
            last,
            went_at,
            said or "nobody can say",
            each.came is not None and each.went is not None,
            _how_known(each),
            max(0, late) if late is not None else None,
            one.account_status,
        )


def _how_known(one: Presence) -> str:
    if one.account_left and one.went:
        return (
            f"it went with its account, which AWS's whole list of accounts of run {one.went} does not have; {_BETWEEN}"
        )
    if one.account_left:
        return (
            "its account is in no plan of the run shown, and AWS's list of accounts was not read whole: nobody can say"
        )
    if one.entered and not one.went:
        return "sealed snapshots: no run of the period could read its account before, so since when it is there is not told"
    if one.left:
        return "sealed snapshots: the runs since could not read its account, so whether it is there nobody can say"
    if one.born_unseen:
        return f"its results alone: the snapshot that showed it is gone or not believed; {_BETWEEN}"
    return f"sealed snapshots; {_BETWEEN}"


COMING_AND_GOING_REGISTERS = (Register(table=CAME_AND_WENT, each=_came_and_went),)
