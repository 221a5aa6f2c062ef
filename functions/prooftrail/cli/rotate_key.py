"""`prooftrail rotate-key`: the chain goes on under another key, which the one before has signed in."""

from typing import Annotated

import typer
from rich.text import Text

from prooftrail.cli import render
from prooftrail.cli.arguments import Json, LockerAddress, Profile
from prooftrail.cli.render import safe
from prooftrail.cli.scan import HomeOption, SignerOption
from prooftrail.errors import ConfigError
from prooftrail.evidence import envelope
from prooftrail.wiring import Options, keys

_LONGEST = 200  # characters of a reason


def rotate_key(
    locker: LockerAddress,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is sealed in the chain.")],
    home: HomeOption = None,
    signer: SignerOption = None,
    new_signer: Annotated[
        str | None,
        typer.Option("--new-signer", help="FILE or kms:ARN [default: a new key is made in the home].", metavar="KEY"),
    ] = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Write a link, signed by the key in force, that brings a new key into force from the next link on.

    The old fingerprint leads on to the new one, and the new one vouches for all before it. A home keeps its old key beside the new one. A command that
    was cut short is finished by the next one. A deployment in AWS does this by itself: see docs/operate.md.
    """
    if not 1 <= len(reason.strip()) <= _LONGEST:
        raise ConfigError(f"--reason takes 1 to {_LONGEST} characters: it stands in the chain for good.")
    options = Options(locker=locker, home=home, signer=signer, profile=profile)
    turned = keys.turn_key(options, new_signer=new_signer, reason=reason.strip())
    fingerprint = envelope.fingerprint(turned.public_key_pem)
    if as_json:
        head = turned.head
        render.print_json(
            {
                "head": str(head) if head else None,
                "key_fingerprint": fingerprint,
                "old_key": str(turned.kept) if turned.kept else None,
            }
        )
        return
    console = render.console()
    said = f"slot {turned.head.seq} brings in a new key" if turned.head else "the new key was in force already"
    console.print(render.heading(f"{safe(locker)}: {said}"), soft_wrap=True)
    console.print(Text(f"  key   {fingerprint}"))
    if turned.head:
        console.print(Text(f"  head  {turned.head}"))
    if turned.kept:
        console.print(Text(f"  old   {safe(str(turned.kept))}: keep it private, or destroy it"), soft_wrap=True)
    console.print(Text("  Write key and head down where whoever scans cannot change them."))
