"""`prooftrail reassign`: whoever was told names who it belongs to, on record; the next notice goes there."""

from typing import Annotated

import typer

from prooftrail.cli import answering, render
from prooftrail.cli.answering import Asked, ControlOption, DryRun, KeepDays, OwnerOption, Reason
from prooftrail.cli.arguments import Json, LockerAddress
from prooftrail.cli.render import safe
from prooftrail.cli.scan import FingerprintKeyOption, HomeOption, ProfileOption, SignerOption
from prooftrail.flows import answers
from prooftrail.flows.answered import Meant
from prooftrail.governance import Owner
from prooftrail.model.notice import AnswerKind
from prooftrail.wiring.answers import Desk


def reassign(
    locker: LockerAddress,
    identity: Asked,
    to: Annotated[str, typer.Option("--to", metavar="OWNER", help="An owner of owners.toml, by id, name or address.")],
    reason: Reason,
    control: ControlOption = None,
    owner: OwnerOption = None,
    home: HomeOption = None,
    signer: SignerOption = None,
    fingerprint_key: FingerprintKeyOption = None,
    keep_days: KeepDays = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    profile: ProfileOption = None,
) -> None:
    """Hand over what you were told of: who, when, why and to whom is sealed, and the new owner is told.

    Escalation pauses once. The hand-over is of what is open now: what is found later goes to the owner as before, unless
    you change owners.toml or the owner's tag.
    Exit status: 0 sealed or shown, 2 where the id or the owner is none or several, 3 where nothing could be sealed.
    """
    said = answering.reason_of(reason)
    desk = answering.opened(locker, home, signer, fingerprint_key, profile, keep_days)
    new = answers.new_owner(desk.policy, to, desk.view, secret=desk.voice.secret)
    meant = answering.meant_by(desk, identity, control, owner)
    if not as_json:
        answering.show_matters(meant, desk.view)
    answer = None if dry_run else desk.say(meant, AnswerKind.REASSIGNED, reason=said, to=new)
    if as_json:
        render.print_json(answering.as_json(meant, answer, desk, new))
    elif answer:
        answering.show_said(f"Handed over to {safe(desk.view.reveal(new.name))}", meant, answer, desk)
        _next(meant, new, desk)


def _next(meant: Meant, owner: Owner, desk: Desk) -> None:
    console, name = render.console(), safe(desk.view.reveal(owner.name))
    if owner.mail_to is None:
        render.warn(f"{name} has neither email nor route in owners.toml, so cannot be told: the next in the chain is.")
    console.print(render.indented(f"{name} is told after the next run, as handed over.", 2))
    lines = answering.entries(meant, owner, desk.view)
    if not lines:
        return
    console.print(
        render.indented("The owner stays as it was until the owner's tag says otherwise, or owners.toml does:", 2)
    )
    answering.say_next(tuple(safe(one, longest=500) for one in lines))
    console.print(render.indented("A tag on the identity comes before owners.toml.", 2))
