"""`prooftrail scan`: read the account or the organization now, and seal what was seen."""

import time
from pathlib import Path
from typing import Annotated

import typer

from prooftrail import wiring
from prooftrail.errors import ConfigError
from prooftrail.flows.sweep import Swept
from prooftrail.model.run import Schedule
from prooftrail.settings import ACCOUNT_WORKERS, ROLE_NAME

from . import exits, render, summary
from .progress import reporter

LockerOption = Annotated[
    str,
    typer.Option(
        "--locker", help="Where evidence is sealed: a directory or s3://BUCKET with Object Lock.", show_default=False
    ),
]
OptionalLocker = Annotated[
    str | None,
    typer.Option("--locker", help="Where evidence will be sealed; checked too where given.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable: nothing but JSON on stdout.")]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Keys, ledger and last head [default: the locker's name with -home].", show_default=False
    ),
]
SignerOption = Annotated[
    str | None, typer.Option("--signer", help="FILE or kms:ARN [default: the home's key].", show_default=False)
]
FingerprintKeyOption = Annotated[
    str | None,
    typer.Option("--fingerprint-key", help="kms:ARN of an HMAC key [default: the home's].", show_default=False),
]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", help="FILE or dynamodb:TABLE [default: the home's ledger].", show_default=False),
]
GovernanceOption = Annotated[
    Path | None,
    typer.Option(
        "--governance",
        help="Directory with your policy as code (eight .toml files) [default: built-in limits].",
        show_default=False,
    ),
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="AWS profile.", show_default=False)]
OrganizationOption = Annotated[
    bool, typer.Option("--organization", help="Read every account of the organization, not only the caller's.")
]
RoleOption = Annotated[str, typer.Option("--role-name", help="Member role to assume, with its path.")]
ExternalIdOption = Annotated[
    str | None, typer.Option("--external-id", help="External id the member role asks for.", show_default=False)
]
RegionsOption = Annotated[str, typer.Option("--regions", help="`all` enabled regions, or a comma-separated list.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=64, help="Accounts read side by side.")]


def scan(
    locker: LockerOption,
    home: HomeOption = None,
    signer: SignerOption = None,
    fingerprint_key: FingerprintKeyOption = None,
    ledger: LedgerOption = None,
    governance: GovernanceOption = None,
    profile: ProfileOption = None,
    organization: OrganizationOption = False,
    role_name: RoleOption = ROLE_NAME,
    external_id: ExternalIdOption = None,
    regions: RegionsOption = "all",
    workers: WorkersOption = ACCOUNT_WORKERS,
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule",
            help="EVERY_HOURS@HH:MM in UTC, e.g. 24@06:00: this run stands for the latest tick.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read identities, seal the evidence, sign the manifest. Read-only in AWS.

    Exit status: 0 sealed whole, 1 sealed with gaps, 3 nothing sealed.
    """
    options = wiring.Options(
        locker=locker, home=home, signer=signer, fingerprint_key=fingerprint_key, ledger=ledger, governance=governance, profile=profile,
        organization=organization, role_name=role_name, external_id=external_id, regions=regions, workers=workers,
        schedule=parse_schedule(schedule),
    )  # fmt: skip
    began = time.monotonic()
    deployment = wiring.embedded(options)
    with reporter(quiet=as_json) as progress:
        swept = deployment.sweep(deployment.next_run(), progress=progress)
    if as_json:
        render.print_json(summary.as_json(swept))
    else:
        summary.show(swept, options=options, elapsed_s=time.monotonic() - began)
    raise typer.Exit(status_of(swept))


def parse_schedule(text: str | None) -> Schedule | None:
    """`24@06:00` as a schedule. Raises ConfigError naming what is wrong."""
    if text is None:
        return None
    hours, _, at = text.partition("@")
    try:
        return Schedule(every_hours=int(hours), at=at)
    except ValueError as error:
        raise ConfigError(f"--schedule {text!r}: {error}. Write EVERY_HOURS@HH:MM, e.g. 24@06:00.") from error


def status_of(swept: Swept) -> int:
    """0 for a run sealed whole, 1 for one with gaps."""
    return exits.WITH_GAPS if swept.manifest.gaps() or swept.failures or swept.ledger_lags else exits.DONE
