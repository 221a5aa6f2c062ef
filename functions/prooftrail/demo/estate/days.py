"""What happens between one day's run and the next, in order and once each."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from prooftrail.demo.estate import chart, roles, vault
from prooftrail.demo.estate.credentials import add_key, delete_key, sign_in, use_key
from prooftrail.demo.estate.documents import document, external_id, principal
from prooftrail.demo.estate.estate import Estate
from prooftrail.demo.estate.payments import FORGOTTEN
from prooftrail.demo.estate.principals import add_user, touch
from prooftrail.demo.estate.site import Site
from prooftrail.demo.estate.stores import add_secret, midnight

type Event = Callable[[Estate], None]

OPTED_IN = "me-central-1"
_HOUR = 1 / 24


def live_through(estate: Estate, day: int) -> None:
    """Let the events of `day` happen; each is dated before that day's tick."""
    for every in estate.sites.values():
        every.day = day
    for name, events in _EVENTS.get(day, {}).items():
        if name in estate.sites:
            for event in events:
                event(estate)
    if day not in _EVENTS:
        _ordinary_day(estate, day)
    for every in estate.sites.values():
        _move_last_use(every, day)


def before_the_first(estate: Estate) -> None:
    """A region one account has asked for is being switched on."""
    site = estate.site(chart.DATA)
    if site and estate.partition == "aws":
        site.beyond.regions[OPTED_IN] = "ENABLING"


def _hire(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    user = add_user(site, "svc-chargeback", days=9 * _HOUR, tags={"owner": "payments-lead@acme.example"})
    add_key(site, user, days=8 * _HOUR)
    site.tell(user.arn, "a new user with a new key", "appeared since yesterday")


def _deactivate(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    user = site.iam.users["svc-legacy-ftp"]
    user.access_keys[0].status = "Inactive"
    site.tell(user.arn, "its never-used key was deactivated", "a finding mended")


def _retrust(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    role = site.role(roles.RETRUSTED)
    arn = site.arn("root", account=estate.vendor)
    role.assume_role_policy_document = document(principal(arn, when=external_id("ledger-2026")))
    site.tell(role.arn, "its trust moved from inside the organization to a supplier", "same role, other people")


def _leaver(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    user = site.iam.users.pop(FORGOTTEN)
    site.iam.tagger.delete_all_tags_for_resource(user.arn)
    site.tell(user.arn, "the user was deleted", "gone since yesterday, from an account that was read")


def _region_on(estate: Estate) -> None:
    site = estate.sites[chart.DATA]
    if estate.partition != "aws":
        return
    site.beyond.regions[OPTED_IN] = "ENABLED"
    secret = add_secret(site, "warehouse/gulf-export", days=5 * _HOUR, region=OPTED_IN)
    site.tell(
        secret.arn, f"{OPTED_IN} was switched on, and a secret was put there", "a region that was not there yesterday"
    )


def _rotate_secret(estate: Estate) -> None:
    vault.rotate_database(estate.sites[chart.PAYMENTS])


def _rotate_key(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    user = site.iam.users["svc-billing-export"]
    old = user.access_keys[0]
    new = add_key(site, user, days=6 * _HOUR, used=1 * _HOUR)
    delete_key(site, user, old)
    site.tell(
        user.arn, f"its key was rotated: {new.access_key_id} took the place of a deleted one", "another credential"
    )


def _find_owner(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    role = site.role(roles.UNOWNED)
    role.tags = [*role.tags, {"Key": "owner", "Value": "settlement@acme.example"}]
    site.tell(role.arn, "an owner tag was added", "a finding mended")


def _unbind(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    role = site.role(roles.BOUNDED)
    role.permissions_boundary_arn = None
    site.tell(role.arn, "its permissions boundary was removed", "more rights without a new policy")


def _new_secret(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    secret = add_secret(site, "payments/fraud-model", days=7 * _HOUR, tags={"owner": "risk@acme.example"})
    site.tell(secret.arn, "a new secret", "appeared since yesterday")


def _come_back(estate: Estate) -> None:
    site = estate.sites[chart.PAYMENTS]
    user = add_user(site, FORGOTTEN, days=5 * _HOUR)
    site.tell(user.arn, "a user of the deleted one's name", "an identity is its unique id, not its name")


def _leave(estate: Estate) -> None:
    site = estate.sites[chart.LEAVING]
    estate.tree.backend.remove_account_from_organization(AccountId=site.id)
    site.tell(
        site.id,
        f"the account {site.name} left the organization",
        "its identities are not deleted: they are out of sight",
    )


def _arrive(estate: Estate) -> None:
    site = estate.sites[chart.ONBOARDING]
    estate.admit_reader(site, days=4 * _HOUR)
    site.tell(site.id, f"the reader's role reached {site.name}", "what was onboarding can now be read")


_EVENTS: Mapping[int, Mapping[str, tuple[Event, ...]]] = {
    2: {
        chart.PAYMENTS: (_hire, _deactivate, _retrust, _leaver, _rotate_secret),
        chart.DATA: (_region_on,),
    },
    3: {
        chart.PAYMENTS: (_rotate_key, _find_owner, _unbind, _new_secret, _come_back),
        chart.LEAVING: (_leave,),
        chart.ONBOARDING: (_arrive,),
    },
}


def _ordinary_day(estate: Estate, day: int) -> None:
    """From the fourth day on: somewhere a user comes, a key is switched off, an owner is found."""
    draw = estate.ids.draw("day", str(day))
    names = sorted(set(estate.sites) - {chart.SUSPENDED, chart.LEAVING, chart.UNREACHABLE})
    site = estate.sites[draw.choice(names)]
    user = add_user(site, f"svc-day-{day}", days=10 * _HOUR, tags={"owner": "payments-lead@acme.example"})
    add_key(site, user, days=9 * _HOUR)
    site.tell(user.arn, "a new user with a new key", "appeared since yesterday")
    if born := estate.site(chart.PAYMENTS):
        _switch_one_off(born, draw)


def _switch_one_off(site: Site, draw: Random) -> None:
    active = [key for user in site.iam.users.values() for key in user.access_keys if key.status == "Active"]
    if active:
        chosen = draw.choice(sorted(active, key=lambda key: key.access_key_id))
        chosen.status = "Inactive"
        site.tell(chosen.access_key_id, f"a key of {chosen.user_name} was deactivated", "a finding mended")


def _move_last_use(site: Site, day: int) -> None:
    """What was in use yesterday is in use today; what lay idle lies idle."""
    lately = site.ago(2)
    for role in site.iam.roles.values():
        if role.last_used and role.last_used > lately:
            touch(site, role, site.ago(0.1, like=f"used/{role.name}/{day}"))
    for user in site.iam.users.values():
        for slot, key in enumerate(user.access_keys):
            if key.status == "Active" and key.last_used and key.last_used.timestamp > lately:
                use_key(site, key, site.ago(0.1, like=f"key-use/{user.name}/{slot}/{day}"), key.last_used.service)
        signed_in: datetime | None = user.password_last_used
        if signed_in and signed_in > lately:
            sign_in(user, site.ago(0.2, like=f"sign-in/{user.name}/{day}"))
    for facts in site.beyond.secrets.values():
        for region, accessed in facts.accessed.items():
            if accessed >= lately:
                facts.accessed[region] = midnight(site.ago(0))
