"""Who comes from outside, and what was rolled out many times: suppliers and families."""

from collections import Counter
from collections.abc import Iterator

from prooftrail.governance.registers import Supplier
from prooftrail.governance.words import approval
from prooftrail.inventory.families import family_label
from prooftrail.pack.registers.columns import day, empty, listing, number, text, truth
from prooftrail.pack.registers.gathered import Trusted
from prooftrail.pack.table import ColumnType, Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_MOST_NAMED = 20

_SUPPLIERS = Table(
    file="22_suppliers",
    title="Suppliers and other organizations",
    about=(
        "One row for each account of each entry of suppliers.toml, and for each account outside the organization that a role "
        "lets in and no entry names. Roles are those of the accounts of this pack. Nobody here assessed a supplier: that "
        "belongs to the organization's own record."
    ),
    columns=(
        text("account_id", "the account from outside"),
        text("supplier", "the supplier; empty where suppliers.toml has no entry"),
        text("contract_ref", "the reference the entry names"),
        text("owner", "who answers for it"),
        text("purpose", "why it may come in"),
        truth(
            "external_id_present",
            "true if every role that lets it in asks for an external id; empty where none does let it in",
        ),
        empty(
            "last_assessed_at", "when it was assessed", "no assessment of suppliers is collected", ColumnType.INSTANT
        ),
        day("end_date", "the contract's last day"),
        text("relation", "supplier, own_organization or aws"),
        text("standing", "registered and in effect, registered and not in effect, or in no entry"),
        text("approved_by", "who approved the entry"),
        day("approved_on", "when"),
        text("approval", "how far the approval is known to be the approver's"),
        number("roles", "roles that let it in"),
        number("roles_without_external_id", "of them, those with a statement that asks for no external id"),
        number("roles_failing", "of them, those that fail IDC-26"),
        number("accounts", "accounts of ours with such a role"),
        text("example_role", "one of the roles, by its id"),
        text("evidence_id", "the sealed snapshot that shows that role"),
        number("evidence_line", "its line there, once unpacked, counted from 1"),
    ),
    questions=(1, 3),
    sheet="Suppliers",
)


def _suppliers(period: PeriodView, tally: Tally) -> Iterator[Row]:
    trusted, named = tally.gathered.trusted, set[str]()
    for one in sorted(period.context.governance.suppliers.supplier, key=lambda each: each.name):
        for account in one.accounts:
            named.add(account)
            yield _supplier(period, account, one, trusted.get(account))
    for account in sorted(set(trusted) - named):
        yield _supplier(period, account, None, trusted[account])


def _supplier(period: PeriodView, account: str, one: Supplier | None, roles: Trusted | None) -> Row:
    return (
        account,
        one.name if one else None,
        one.ticket if one else None,
        one.owner if one else None,
        one.reason if one else None,
        roles.without_external_id == 0 if roles else None,
        None,
        one.active_until if one else None,
        one.relation if one else None,
        _standing(period, one),
        one.approved_by if one else None,
        one.approved_on if one else None,
        approval(one.ticket) if one else None,
        roles.roles if roles else 0,
        roles.without_external_id if roles else 0,
        roles.failing if roles else 0,
        len(roles.accounts) if roles else 0,
        roles.example if roles else None,
        *((roles.cited if roles else None) or (None, None)),
    )


def _standing(period: PeriodView, one: Supplier | None) -> str:
    if one is None:
        listed = period.context.accounts_listed()
        return (
            "in no entry" if listed else "in no entry; whether it is ours is not known, as not all accounts were listed"
        )
    holds = one.holds(period.as_of.taken_at)
    return "registered and in effect" if holds else "registered and not in effect"


_FAMILIES = Table(
    file="37_families",
    title="Families",
    about=(
        "One row for each family of two or more identities: roles, or users that a template makes, of one shape. A member "
        "with one trust or permission more is of another family. What stands alone is in 03 only."
    ),
    columns=(
        text("family_id", "the family: its label and 64 bits of its shape"),
        text("label", "the template of the name"),
        number("members", "how many there are"),
        number("accounts", "in how many accounts"),
        listing("account_ids", "which, the first twenty"),
        listing("kinds", "of what kind they are"),
        listing("by_tier", "their inherent tiers"),
        number("failing_results", "failing results of members"),
        listing("failing_controls", "by control"),
        number("owners", "how many owners they have between them"),
        listing("owner_ids", "who, the first twenty"),
    ),
    questions=(1,),
    sheet="Families",
)


def _families(period: PeriodView, tally: Tally) -> Iterator[Row]:
    several_members = ((name, one) for name, one in tally.families.items() if one.members > 1)
    for name, one in sorted(several_members, key=lambda each: (-each[1].members, each[0])):
        yield (
            name,
            family_label(name),
            one.members,
            len(one.accounts),
            tuple(sorted(one.accounts)[:_MOST_NAMED]),
            _counted(one.kinds),
            _counted(one.tiers),
            one.failing.total(),
            _counted(one.failing),
            len(one.owners),
            tuple(sorted(map(period.reveal, one.owners))[:_MOST_NAMED]),
        )


def _counted(found: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{name} {number}" for name, number in sorted(found.items()))


REGISTERS = (
    Register(table=_SUPPLIERS, whole=_suppliers),
    Register(table=_FAMILIES, whole=_families),
)
