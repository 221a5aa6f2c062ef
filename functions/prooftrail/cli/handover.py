"""`prooftrail handover`: a pack is given to somebody, on record, with the numbers to compare over another way."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from prooftrail.cli import render
from prooftrail.cli.arguments import Json
from prooftrail.cli.render import counted, safe
from prooftrail.errors import EvidenceError
from prooftrail.flows.hand_over import LONGEST, Handover
from prooftrail.model import canonical
from prooftrail.wiring import handing


def handover(
    pack: Annotated[str, typer.Argument(metavar="PACK", help="The pack's folder.")],
    to: Annotated[str, typer.Option("--to", metavar="NAME, FIRM", help="Who gets it.")],
    locker: Annotated[
        str | None, typer.Option("--locker", help="The locker it is of [default: the bucket it names].")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What for.")] = "",
    reference: Annotated[
        str, typer.Option("--reference", metavar="REF", help="The engagement, or your own number.")
    ] = "",
    home: Annotated[Path | None, typer.Option("--home", help="The locker's home: its key is compared.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who hands over [default: the login].")] = None,
    keep_days: Annotated[
        int | None, typer.Option(min=1, metavar="DAYS", help="How long the record is kept.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Seal it; without, what would be sealed is shown.")] = False,
    as_json: Json = False,
    profile: Annotated[str | None, typer.Option(help="AWS profile that may write below custody/.")] = None,
) -> None:
    """Check a pack whole and put on record to whom it is handed over. Without --yes nothing is sealed.

    The next run's manifest names the record. Exit status: 0 done or shown, 3 the pack or the locker does not hold.
    """
    counter = handing.open_handover(pack, locker=locker, home=home, profile=profile, by=by, keep_days=keep_days)
    planned = counter.hand_over.plan(counter.pack, to=to, reason=reason, reference=reference)
    if counter.pinned and counter.pinned not in planned.keys:
        raise EvidenceError(f"the key {counter.pinned} of {home} is none of the chain's: check --home and --locker.")
    sealed = counter.hand_over(planned) if yes else None
    if as_json:
        render.print_json(_as_json(planned, sealed))
        return
    _show(planned, sealed, counter.locker)


def _as_json(planned: Handover, sealed: str | None) -> dict[str, Any]:
    told = msgspec.to_builtins(planned)
    return {**told, "sealed": sealed, "receipt": receipt(planned)}


def _show(planned: Handover, sealed: str | None, locker: str) -> None:
    console, one = render.console(), planned.record
    console.print(Text("HANDED OVER" if sealed else "WOULD HAND OVER (nothing is sealed without --yes)", style="bold"))
    facts = [
        ("pack", f"{counted(planned.files, 'file')}, {render.size(planned.size)}, each as it states"),
        ("scope", safe(one.scope, longest=LONGEST)),
        ("to", safe(one.reason.removeprefix("to "), longest=2 * LONGEST)),
        ("reference", safe(one.reference, longest=LONGEST) or "none"),
        ("by", safe(one.who, longest=LONGEST)),
        ("locker", safe(locker, longest=LONGEST)),
        *((("record", sealed),) if sealed else ()),
    ]
    console.print(render.facts(facts))
    if sealed:
        console.print("  The next run's manifest names the record; until then it is NOT YET CHAINED.")
    console.print()
    console.print(render.heading("Tell these another way than you send the pack, and have them written down"))
    for name, value in numbers(planned):
        console.print(render.uncut(name, value), soft_wrap=True)
    console.print()
    console.print(render.heading("Receipt, for the recipient to sign and send back"))
    for line in receipt(planned):
        console.print(Text(f"  {line}"), soft_wrap=True)


def numbers(planned: Handover) -> list[tuple[str, str]]:
    """What the recipient compares: by it the pack, its key and the chain's end cannot be others."""
    return [
        ("pack SHA-256", planned.pack_sha256),
        ("signed by", planned.signed_by or "nobody: this pack is not signed"),
        ("fingerprint", planned.keys[-1] if planned.keys else "none"),
        ("head in pack", str(planned.pack_head)),
        ("head now", str(planned.head)),
    ]


def receipt(planned: Handover) -> list[str]:
    """The text of a receipt: what was received, compared, and by whom."""
    one = planned.record
    to = safe(one.reason.removeprefix("to "), longest=2 * LONGEST)
    return [
        f"Received: {safe(one.scope, longest=LONGEST)}, {planned.files} files.",
        f"Pack SHA-256 as I computed it (the payload of integrity/pack.json): {planned.pack_sha256}",
        f"For: {to}.  Reference: {safe(one.reference, longest=LONGEST) or 'none'}.",
        f"Handed over {canonical.timestamp(one.at)} by {safe(one.who, longest=LONGEST)}.",
        "[ ] With the numbers I got another way I ran, and it found nothing wrong:",
        f"    python3 verify.py --fingerprint {planned.keys[-1] if planned.keys else '…'} --pack-sha256 {planned.pack_sha256}",
        "Name, date, signature: ______________________________",
    ]
