"""A report as a pack has it: page one by hand, the files in memory, written from views of accounts."""

from collections.abc import Iterable

from prooftrail.pack.front.page_one import Answered, KeyFact, NotCovered, PageOne, Question
from prooftrail.pack.report.report import PATH, Report
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView
from tests.builders.pack_files import MemoryFiles


def a_page_one(_period: PeriodView, _tally: Tally) -> PageOne:
    """Page one as short as it can be and have something in each of its parts."""
    asked = (Answered.ANSWERED, Answered.PARTLY, Answered.NOT_COVERED)
    return PageOne(
        title="Evidence of AWS identities, 2026-11-19 to 2026-11-22",
        verdict="What was read of one account of two, and what 33 controls came to; it certifies nothing.",
        assurance="self-signed",
        assurance_means="signed with a key file: whoever holds it could have made all of this",
        period="2026-11-19 to 2026-11-22",
        as_of="run 20261122T060000Z",
        scope=("2 accounts of organization o-example",),
        operated="4 of 4 runs due were met in time.",
        coverage=("1 of 2 accounts was read whole.",),
        gaps=("1 account was never read.",),
        facts=tuple(
            KeyFact(tone=tone, text=f"A fact that is {tone}.", file="04_risk_register.csv")
            for tone in ("good", "note", "bad", "unknown")
        ),
        questions=tuple(
            Question(
                number=at,
                asked=f"What of matter {at}?",
                clause="4.3",
                answered=asked[at % 3],
                answer="This is the answer.",
                missing="The rest." if at % 3 else None,
                files=("01_scope.json", "populations/index.csv"),
            )
            for at in range(1, 15)
        ),
        not_covered=(NotCovered(what="08 provisioning", why="this version does not read it.", ask_instead="tickets."),),
        identification=(("Locker", "48ef"), ("Key fingerprint", "SHA256:ab")),
    )


def a_report(period: PeriodView, views: Iterable[AccountView]) -> bytes:
    """`index.html` of these accounts."""
    files, tally = MemoryFiles(), Tally(period)
    report = Report(period, files, a_page_one)
    for one in views:
        tally.take(one)
        report.take(one)
    report.finish(tally)
    return files.files[PATH]
