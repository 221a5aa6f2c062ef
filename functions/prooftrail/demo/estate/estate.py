"""The whole organization on its first day: which account gets what."""

from datetime import UTC, datetime, timedelta

from moto.iam.models import AccessKey

from prooftrail.demo.estate import (
    chart,
    contacts,
    federation,
    hostile,
    identity_center,
    landing_zone,
    payments,
    people,
    roles,
    vault,
)
from prooftrail.demo.estate.identifiers import Identifiers
from prooftrail.demo.estate.site import REGIONS, Site, StoryLine
from prooftrail.demo.estate.tree import Tree, add_guardrails
from prooftrail.demo.mends.world import ReportForm, Root, World

_DELEGATED = ("access-analyzer", "account", "iam", "member.org.stacksets.cloudformation", "sso")
_UNSEEN = frozenset({chart.ONBOARDING, chart.UNREACHABLE, chart.SUSPENDED})


class Estate:
    """Everything that was put into moto, and the means to change it day by day."""

    def __init__(self, world: World, *, accounts: int, seed: int, first_day: datetime, partition: str) -> None:
        if partition not in REGIONS:
            raise ValueError(f"no partition {partition!r} is simulated: take one of {', '.join(REGIONS)}")
        self.world, self.partition, self.first_day = world, partition, first_day
        self.ids = Identifiers(seed)
        self.lines: list[StoryLine] = []
        self.plans = {plan.name: plan for plan in chart.plans(accounts)}
        self.sites = {name: self._site(plan) for name, plan in self.plans.items()}
        self.external_id = f"prooftrail-{self.ids.hexadecimal(16, 'external-id')}"
        self.vendor = self.ids.account("a supplier")
        self.former = self.ids.account("a company sold long ago")
        world.home_region = self.management.home
        self.tree = Tree(self.ids, self.management.id, partition, self.management.home)
        self._grow_tree()
        self.scanner_key: AccessKey = people.add_scanner(self.management)
        self._furnish()

    @property
    def management(self) -> Site:
        """The account that manages the organization."""
        return self.sites[chart.MANAGEMENT]

    def tick(self, day: int) -> datetime:
        """When the given day's run is due."""
        return self.first_day + timedelta(days=day - 1)

    def site(self, name: str) -> Site | None:
        """The account of that name, or None in an organization too small for it."""
        return self.sites.get(name)

    def id_of(self, name: str) -> str:
        """The number of the named account, or of the management account where it is missing."""
        return self.sites.get(name, self.management).id

    def account_numbers(self) -> dict[str, str]:
        """Every account with a part to play, by name, those an organization of this size has not opened among them."""
        playing = (*chart.plans(len(chart.NAMES)), *self.plans.values())
        return {plan.name: self.ids.account(plan.name, first_digit=plan.first_digit) for plan in playing}

    def _site(self, plan: chart.AccountPlan) -> Site:
        account = self.ids.account(plan.name, first_digit=plan.first_digit)
        return Site(
            name=plan.name,
            id=account,
            partition=self.partition,
            ids=self.ids,
            world=self.world,
            ticks=self.tick,
            lines=self.lines,
        )

    def _grow_tree(self) -> None:
        for name, plan in self.plans.items():
            site = self.sites[name]
            exactly = plan.joined_days < 2
            joined = site.ago(plan.joined_days, like="" if exactly else "joined")
            account = self.tree.add(site.id, plan, joined=joined)
            # Root credentials are removed from the management account, which itself must keep its own.
            own = name == chart.MANAGEMENT
            site.beyond.root = Root(created=joined.replace(tzinfo=UTC), managed=not own, virtual_mfa=own)
            if name == chart.SECURITY:
                since = site.ago(1000)
                self.tree.delegate(account, {f"{service}.amazonaws.com": since for service in _DELEGATED})
                site.tell(
                    site.id,
                    "delegated administrator for IAM, Identity Center and others",
                    "may ask what members may not",
                )
        self._vary_roots()
        add_guardrails(self.tree, self.partition, REGIONS[self.partition])

    def _vary_roots(self) -> None:
        if root := self.management.beyond.root:
            root.password_last_used = self.management.ago(200).replace(tzinfo=UTC)
        shared = self.site(chart.SHARED)
        if shared and shared.beyond.root:
            shared.beyond.root.managed = False
            shared.tell(
                shared.arn("root"), "a root user with its own password, never used", "no_information is not a date"
            )

    def _furnish(self) -> None:
        seen = [site for name, site in self.sites.items() if name not in _UNSEEN]
        for site in self.sites.values():
            landing_zone.furnish(site, self.management, vendor=self.vendor)
        for site in seen:
            if site is not self.management:
                self.admit_reader(site, days=90)
        centre = identity_center.open_centre(self.management)
        identity_center.provision(centre, self.management, seen)
        for name, site in self.sites.items():
            self._furnish_one(name, site)
            contacts.name_contacts(site, self.plans[name])
        self._vary_reports()

    def admit_reader(self, site: Site, *, days: float) -> None:
        """Give the account the role the scanner assumes."""
        organization = self.tree.organization.id
        landing_zone.add_reader(site, self.management, organization, self.external_id, days=days)

    def _furnish_one(self, name: str, site: Site) -> None:
        match name:
            case chart.MANAGEMENT:
                people.furnish_management(site)
            case chart.SECURITY:
                roles.furnish_security(site)
            case chart.PAYMENTS:
                self._furnish_payments(site)
            case chart.LOGS:
                roles.furnish_peer(site)
            case chart.PAYMENTS_TEST:
                roles.furnish_test(site)
            case chart.ONBOARDING | chart.UNREACHABLE | chart.SUSPENDED:
                people.furnish_unseen(site)
            case chart.DATA:
                federation.furnish_cluster(site)
                vault.furnish_data(site)
            case chart.SANDBOX:
                hostile.furnish(site)
            case chart.SHARED:
                federation.furnish_pipelines(site)
            case _:
                people.furnish_plain(site)

    def _furnish_payments(self, site: Site) -> None:
        payments.furnish_policies(site)
        payments.furnish_users(site)
        roles.furnish_workloads(site)
        roles.furnish_agent(site)
        roles.furnish_trusts(site, peer=self.id_of(chart.SECURITY), other=self.id_of(chart.LOGS))
        roles.furnish_outsiders(site, vendor=self.vendor, former=self.former)
        roles.furnish_open_doors(site, organization_id=self.tree.organization.id)
        vault.furnish_payments(site)

    def _vary_reports(self) -> None:
        """Real credential reports differ in columns, in how they write times, and in how they write truth."""
        forms = {
            chart.PAYMENTS: (ReportForm(additional_column=True), "a credential report of 23 columns"),
            chart.DATA: (ReportForm(zulu=True), "a credential report whose times end in Z"),
            chart.LOGS: (ReportForm(upper=True), "a credential report that writes TRUE and FALSE"),
        }
        for name, (form, what) in forms.items():
            if site := self.site(name):
                site.beyond.report = form
                site.tell(site.id, what, "parsed by column name and without regard to case")
