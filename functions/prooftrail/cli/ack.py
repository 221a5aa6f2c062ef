"""`prooftrail ack`: whoever was told says that it is seen to, on record; escalation pauses once."""

from prooftrail.cli import answering, render
from prooftrail.cli.answering import Asked, ControlOption, DryRun, KeepDays, OwnerOption, Reason
from prooftrail.cli.arguments import Json, LockerAddress
from prooftrail.cli.scan import FingerprintKeyOption, HomeOption, ProfileOption, SignerOption
from prooftrail.model.notice import AnswerKind


def ack(
    locker: LockerAddress,
    identity: Asked,
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
    """Acknowledge what you were told of: who, when and why is sealed, and escalation pauses once.

    Who answers is the key that signs: the home's in a directory, --signer's in a bucket, else the caller AWS names there.
    It changes no result and no date, and is for what is open now: what is found later is not covered.
    Exit status: 0 sealed or shown, 2 where the id is none or several, 3 where nothing could be sealed.
    """
    said = answering.reason_of(reason)
    desk = answering.opened(locker, home, signer, fingerprint_key, profile, keep_days)
    meant = answering.meant_by(desk, identity, control, owner)
    if not as_json:
        answering.show_matters(meant, desk.view)
    answer = None if dry_run else desk.say(meant, AnswerKind.ACKNOWLEDGED, reason=said)
    if as_json:
        render.print_json(answering.as_json(meant, answer, desk, None))
    elif answer:
        answering.show_said("Acknowledged", meant, answer, desk)
        render.console().print(
            render.indented("The owner goes on hearing of it, and what is due stays due: only mending it ends that.", 2)
        )
