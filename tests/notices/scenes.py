"""The mails kept as golden files. `python -m tests.notices.scenes` writes them anew; the diff is the review."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Event, Limit, Tier
from prooftrail.model.notice import Answer, AnswerKind, Hop
from prooftrail.notices import summary
from prooftrail.notices.digest import Draft
from prooftrail.notices.summary import Summary, Tallies

from .letters import (
    ACCOUNT,
    BO,
    CY,
    DAY,
    DEFAULT,
    KEY,
    OPS,
    OTHER,
    SEC,
    TODAY,
    a_call,
    a_draft,
    a_matter,
    a_role,
    a_secret,
    asked,
    at,
    limit,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "notices"


def first_notice() -> Draft:
    """Three different things, none told before."""
    calls = a_call(a_role()), a_call(), a_call(a_secret(due=3))
    return a_draft(*calls, open_matters={Tier.LOW: 3, Tier.HIGH: 4, Tier.MEDIUM: 1})


def reminder() -> Draft:
    """The second time about one key that will be too old in a week."""
    key = a_matter(
        failing=False,
        since=None,
        reason=f"Active key AKIAIOSFODNN7EXAMPLE of user deploy is 83 days old; the limit is 90 days ({DEFAULT}).",
    )
    return a_draft(a_call(key, step="T-7", asked=(asked(7),)), open_matters={Tier.HIGH: 1})


def escalated() -> Draft:
    """A critical key is late, and the manager of its owner hears of it."""
    key = a_matter(-1, tier=Tier.CRITICAL)
    before = asked(5), asked(2), asked(1, BO, Hop.DEPUTY, sent=False, why="its address was never confirmed")
    route = "owner: told 2026-11-21", "deputy: its address was never confirmed"
    call = a_call(key, hop=Hop.MANAGER, step="overdue 1", asked=before, route=route, recipient=CY)
    return a_draft(call, recipient=CY)


def late_owner() -> Draft:
    """The same key, as its owner goes on hearing of it."""
    key = a_matter(-3, tier=Tier.CRITICAL)
    return a_draft(a_call(key, step="overdue 3", asked=(asked(5), asked(3), asked(1))), open_matters={Tier.CRITICAL: 1})


def _unowned() -> tuple[object, ...]:
    role = a_role(
        "legacy-batch",
        14,
        event=Event.UNOWNED,
        control="IDC-02",
        owner=None,
        tier=Tier.HIGH,
        reason="It has no owner: no tag on it or its principal, no entry of owners.toml and no owner of the account names one.",
        limit=limit("days_allowed_without_owner_after_discovery", "7 days"),
        used="last used 2026-11-18",
    )
    return (role,)


def unowned_contact() -> Draft:
    """A role nobody owns, for the contact of its account."""
    (role,) = _unowned()
    call = a_call(role, hop=Hop.CONTACT, recipient=OPS)  # type: ignore[arg-type]  # made above
    return a_draft(call, recipient=OPS)


def unowned_security() -> Draft:
    """The same role, for the security team."""
    (role,) = _unowned()
    call = a_call(role, hop=Hop.SECURITY, recipient=SEC)  # type: ignore[arg-type]  # made above
    return a_draft(call, recipient=SEC)


def family() -> Draft:
    """Fourteen roles of one family in two accounts, as one line."""
    label = "stacksets-exec-<hex>#0123456789abcdef"
    roles = (
        a_role(
            f"stacksets-exec-{number:02}",
            id=f"{number:032x}",
            identity=f"AROAEXAMPLE{number:010}",
            family=label,
            account=ACCOUNT if number % 2 else OTHER,
        )
        for number in range(14)
    )
    return a_draft(*map(a_call, roles), open_matters={Tier.MEDIUM: 14})


def one_identity() -> Draft:
    """A key that fails three controls and a role that fails four: two blocks, each with the steps that settle most."""
    key = (
        ("IDC-15", Event.ROTATION, "45 days", f"Active key {KEY} of user deploy is 410 days old"),
        ("IDC-16", Event.FINDING, "0", f"Key {KEY} of user deploy is long-lived, and no register names it"),
        ("IDC-07", Event.UNUSED, "45 days", f"Key {KEY} of user deploy was never used in 410 days"),
    )
    role = (
        ("IDC-02", "1 day", "Its owner is known, but nobody wrote down what it is for"),
        ("IDC-22", "0", "Role ship may change IAM (iam:CreateRole and 70 more) without a boundary"),
        ("IDC-20", "0", "Role ship is an administrator and lets in anyone (statement 1)"),
        ("IDC-28", "0", "Anyone (statement 1) may come in, and no condition limits who that is"),
    )
    late: dict[str, Any] = {"step": "overdue 1", "asked": (asked(3), asked(1))}
    calls = [
        a_call(
            a_matter(
                -1, id=f"{at + 1:x}" * 32, control=control, event=event, tier=Tier.CRITICAL, used="never used",
                reason=f"{reason}; the limit is {value} ({DEFAULT}).", limit=limit("any", value),
            ),
            **late,
        )
        for at, (control, event, value, reason) in enumerate(key)
    ]  # fmt: skip
    calls += [
        a_call(
            a_role(
                "ship", 2 - at, id=f"{at + 5:x}" * 32, control=control, event=Event.FINDING, tier=Tier.HIGH,
                reason=f"{reason}; the limit is {value} ({DEFAULT}).", limit=limit("any", value),
            )
        )
        for at, (control, value, reason) in enumerate(role)
    ]  # fmt: skip
    return a_draft(*calls, open_matters={Tier.CRITICAL: 3, Tier.HIGH: 4})


def many() -> Draft:
    """Twenty-five roles: six in full, the others on a line, the last five counted."""
    return a_draft(
        *(
            a_call(a_role(f"job-{at:02}", 9 + at, id=f"{at:08x}" * 4, identity=f"AROAEXAMPLE{at:010}", tier=tier))
            for at, tier in enumerate([Tier.CRITICAL] * 2 + [Tier.HIGH] * 9 + [Tier.LOW] * 14)
        )
    )


def minimal() -> Draft:
    """Count, deadline, where to look."""
    return a_draft(a_call(), a_call(a_secret(due=-2)), style="minimal", locker="demo/evidence")


def minimal_week() -> Draft:
    """The week without any name."""
    week = summary.weekly(_week(), on=TODAY, accounts=(ACCOUNT,), unread=(OTHER,))
    return a_draft(recipient=OPS, summary=week, style="minimal")


def hand_over() -> Draft:
    """What somebody else handed to Bo."""
    call = a_call(a_secret(), step="handed over", asked=(asked(6),), recipient=BO)
    given = Answer(
        kind=AnswerKind.REASSIGNED, who="arn:aws:sts::111122223333:assumed-role/Engineers/p-ada", at=at(-1), locker="l",
        matters=("2c" * 16,), reason="The database moved to Bo's team: see wiki.example.com/db", to=BO,
    )  # fmt: skip
    day = msgspec.structs.replace(DAY, answers=(given,))
    return a_draft(call, recipient=BO, day=day, open_matters={Tier.HIGH: 1})


def without_usage() -> Draft:
    """A person's key where nothing may be told of how a person uses it."""
    key = a_matter(
        control="IDC-07",
        event=Event.UNUSED,
        person=True,
        reason=f"Active key AKIAIOSFODNN7EXAMPLE of user ada was last used 61 days ago; the limit is 45 days ({DEFAULT}).",
        arn=f"arn:aws:iam::{ACCOUNT}:user/ada",
        limit=limit("disable_after_days", "45 days"),
        used="last used 2026-09-23",
    )
    return a_draft(a_call(key, usage=False), open_matters={Tier.HIGH: 1})


def limit_approved() -> Draft:
    """A limit that somebody approved, whom the sealed copy does not name."""
    by = "thresholds.toml 3, approved by p-cy on 2026-09-07 (RISK-118)"
    key = a_matter(
        reason=f"Active key {KEY} of user deploy is 97 days old; the limit is 60 days ({by}).",
        limit=Limit(name="max_age_days", value="60 days", set_by=by),
    )
    return a_draft(a_call(key), open_matters={Tier.HIGH: 1})


def ownerless() -> Draft:
    """What nobody owns fails a control, and has a root and an account beside it: for the contact of the account."""
    hops = (Hop.OWNER, "nobody owns it"), (Hop.DEPUTY, "nobody is named"), (Hop.MANAGER, "nobody is named")
    known: dict[str, Any] = {
        "hop": Hop.CONTACT,
        "recipient": OPS,
        "asked": tuple(asked(1, "", hop, sent=False, why=why) for hop, why in hops),
        "route": tuple(f"{hop}: {why}" for hop, why in hops),
    }
    calls = (
        a_call(a_role(), **known),
        a_call(
            a_matter(
                -1, id="6f" * 16, event=Event.FINDING, control="IDC-10", tier=Tier.CRITICAL, kind=Kind.ROOT, arn=None,
                subject="root", identity=f"root:{ACCOUNT}", name="root", limit=None, used="never used",
                reason="The root signs in with a password and without MFA.",
            ),
            **known,
        ),
    )  # fmt: skip
    return a_draft(*calls, recipient=OPS)


def exception_ending() -> Draft:
    """An exception that ends in two weeks."""
    ends = a_matter(
        14,
        id="3d" * 16,
        event=Event.EXCEPTION,
        control="IDC-15",
        subject="EX-7",
        identity=None,
        kind=None,
        arn=None,
        name="EX-7",
        failing=False,
        since=None,
        reason="Exception EX-7 from IDC-15 for AKIAIOSFODNN7EXAMPLE holds through 2026-12-07; what it accepts fails again the day after.",
        limit=Limit(
            name="expires_on",
            value="2026-12-07",
            set_by="exceptions.toml, approved by p-cy on 2026-09-07 (declared, not verified)",
        ),
        used=None,
    )
    return a_draft(a_call(ends, step="T-14"), open_matters={Tier.HIGH: 1})


def not_confirmed() -> Draft:
    """A user without MFA, in an account nobody could read for three days."""
    user = a_matter(
        5,
        event=Event.FINDING,
        control="IDC-11",
        identity="AIDAEXAMPLE0000000001",
        kind=Kind.HUMAN_USER,
        name="ada",
        arn=f"arn:aws:iam::{ACCOUNT}:user/ada",
        reason=f"User ada signs in with a password and without MFA, which its tier requires ({DEFAULT}).",
        limit=limit("mfa_required", "required"),
        used="last used 2026-11-22",
        person=True,
        read_in="20261120T060000Z",
    )
    return a_draft(a_call(user, step="again", asked=(asked(8),)), open_matters={Tier.HIGH: 1})


def _week() -> Tallies:
    tallies = Tallies(TODAY)
    for number in range(41):
        late = number % 7 == 0
        tallies.add(
            a_role(
                due=-3 if late else 9,
                account=ACCOUNT if number % 3 else OTHER,
                tier=tuple(Tier)[number % 4],
                event=Event.UNOWNED if number % 10 == 0 else Event.UNUSED,
            )
        )
    tallies.add(a_matter(failing=False, due_at=at(5)))
    return tallies


def _weekly(recipient: str, week: Summary) -> Draft:
    return a_draft(recipient=recipient, summary=week)


def weekly_contact() -> Draft:
    """The week of one account's contact."""
    return _weekly(OPS, summary.weekly(_week(), on=TODAY, accounts=(ACCOUNT,), unread=(OTHER,)))


def weekly_security() -> Draft:
    """The week of the security team."""
    return _weekly(SEC, summary.weekly(_week(), on=TODAY, accounts=None, unread=(OTHER,), unreachable=(BO, CY)))


SCENES: dict[str, Callable[[], Draft]] = {
    one.__name__: one
    for one in (
        first_notice,
        reminder,
        escalated,
        late_owner,
        unowned_contact,
        unowned_security,
        family,
        one_identity,
        many,
        minimal,
        minimal_week,
        hand_over,
        without_usage,
        limit_approved,
        ownerless,
        exception_ending,
        not_confirmed,
        weekly_contact,
        weekly_security,
    )
}


def written(draft: Draft) -> str:
    """A mail as its golden file holds it."""
    return f"Subject: {draft.letter_subject}\n\n{draft.letter_text}"


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        (GOLDEN / f"{name}.txt").write_text(written(scene()), encoding="utf-8")
