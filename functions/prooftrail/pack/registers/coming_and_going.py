"""02: which identities came and went in the period, by every run of it and not only by the last."""

from collections.abc import Iterator

from prooftrail.pack.registers.columns import instant, instant_of, number, shown, text, truth
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.view import AccountView, PeriodView

CAME_AND_WENT = Table(
    file="02_identities_came_and_went",
    title="Identities that came and went",
    about=(
        "One row per identity that was not there all the period long, from every run of the period and not only the"
        " last. What came and went between two runs stood in no snapshot: this version reads no CloudTrail, so it is not"
        " here."
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
        text("went_run", "the run whose complete reading showed it no more; empty where it is there"),
        instant("went_at", "the instant of that run"),
        text("presence", "came, went, or came and went"),
        truth(
            "transient", "true where it came and went within the period: neither its first nor its last day shows it"
        ),
        text("how_known", "by snapshots, or by its results alone"),
        number("days_from_creation_to_first_run", "whole days in which it was there and no run had shown it"),
    ),
)


def _came_and_went(one: AccountView, period: PeriodView) -> Iterator[Row]:
    for each in one.presences:
        came_at, went_at = instant_of(each.came), instant_of(each.went)
        said = " and ".join(word for word, run in (("came", each.came), ("went", each.went)) if run)
        late = (came_at - each.created_at).days if came_at and each.created_at else None
        yield (
            shown(period, each.id),
            one.account,
            shown(period, each.name),
            shown(period, each.arn),
            each.kind,
            each.created_at,
            each.came,
            came_at,
            each.went,
            went_at,
            said or "not told",
            each.came is not None and each.went is not None,
            "its results alone: the snapshot that showed it is gone or not believed"
            if each.born_unseen
            else "sealed snapshots",
            max(0, late) if late is not None else None,
        )


COMING_AND_GOING_REGISTERS = (Register(table=CAME_AND_WENT, each=_came_and_went),)
