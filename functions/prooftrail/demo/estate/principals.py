"""Puts users, groups, roles and policies into an account, as old as they are said to be."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from moto.iam.models import Group, InstanceProfile, ManagedPolicy, PolicyVersion, Role, User

from prooftrail.demo.estate.documents import Statement, document
from prooftrail.demo.estate.site import Site, tag_list


def add_user(
    site: Site,
    name: str,
    *,
    days: float,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
    groups: Sequence[str] = (),
    boundary: str | None = None,
) -> User:
    """An IAM user created `days` ago, without any credential yet."""
    user = User(site.id, site.partition, name, path)  # type: ignore[abstract]  # so moto itself makes it
    user.id = site.ids.unique("AIDA", site.id, "user", name, str(site.day))
    user.create_date = site.ago(days, like=f"user/{name}" if days >= 1 else "")
    site.iam.users[name] = user
    if tags:
        site.iam.tagger.tag_resource(user.arn, tag_list(tags))
    for group in groups:
        site.iam.groups[group].users.append(user)
    if boundary:
        site.beyond.user_boundaries[user.id] = site.arn(f"policy/{boundary}")
    return user


def add_group(site: Site, name: str, *, days: float, aws: Sequence[str] = (), inline: str | None = None) -> Group:
    """A group with its policies."""
    group = Group(site.id, site.partition, name, "/")
    group.id = site.ids.unique("AGPA", site.id, "group", name)
    group.create_date = site.ago(days, like=f"group/{name}")
    site.iam.groups[name] = group
    site.attach_aws(group, *aws)
    if inline:
        group.put_policy("inline", inline)
    return group


def add_role(
    site: Site,
    name: str,
    *statements: Statement,
    days: float,
    used: float | None = None,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
    description: str = "",
    boundary: str | None = None,
    hours: int = 1,
    aws: Sequence[str] = (),
    own: Sequence[str] = (),
    inline: Mapping[str, str] | None = None,
    told: tuple[str, str] | None = None,
) -> Role:
    """A role created `days` ago and last used `used` days ago (None: never); the statements are its trust.

    `told` puts it into the story: what it is, why it is hard.
    """
    role = Role(  # type: ignore[abstract]  # so moto itself makes it
        account_id=site.id,
        partition=site.partition,
        role_id=site.ids.unique("AROA", site.id, "role", path, name, str(site.day)),
        name=name,
        assume_role_policy_document=document(*statements),
        path=path,
        permissions_boundary=site.arn(f"policy/{boundary}") if boundary else None,
        description=description,
        tags=tag_list(tags or {}),
        max_session_duration=str(hours * 3600),
    )
    role.create_date = site.ago(days, like=f"role/{name}" if days >= 1 else "")
    if used is not None:
        touch(site, role, site.ago(used, like=f"used/{name}"))
    site.iam.roles[role.id] = role
    site.attach_aws(role, *aws)
    site.attach_own(role, *own)
    role.policies.update(inline or {})
    if told:
        site.tell(role.arn, *told)
    return role


def touch(site: Site, role: Role, at: datetime) -> None:
    """Let the role have been used at `at`, never before it was made."""
    role.last_used = max(at, role.create_date)
    role.last_used_region = site.home  # type: ignore[assignment]  # moto types it as always None


def add_instance_profile(site: Site, role: Role) -> None:
    """The instance profile EC2 gives machines the role with, of the same name."""
    profile_id = site.ids.unique("AIPA", site.id, "profile", role.name)
    profile = InstanceProfile(site.id, site.home, profile_id, role.name, "/", [role])  # type: ignore[abstract]  # so moto itself makes it
    profile.create_date = role.create_date
    site.iam.instance_profiles[role.name] = profile


def add_policy(
    site: Site, name: str, text: str, *, days: float, description: str = "", older: Sequence[str] = ()
) -> ManagedPolicy:
    """A customer-managed policy; `older` are the documents of its former versions, oldest first."""
    made = site.ago(days, like=f"policy/{name}")
    policy = ManagedPolicy(  # type: ignore[abstract]  # so moto itself makes it
        name,
        account_id=site.id,
        region=site.home,
        description=description,
        document=(older or [text])[0],
        path="/",
        create_date=made,
        update_date=made,
    )
    policy.id = site.ids.unique("ANPA", site.id, "policy", name)
    for following in [*older[1:], text] if older else []:
        add_policy_version(policy, following, at=site.ago(days / 2, like=f"version/{name}"))
    site.iam.managed_policies[policy.arn] = policy
    return policy


def add_policy_version(policy: ManagedPolicy, text: str, *, at: datetime) -> None:
    """A new default version."""
    number = f"v{policy.next_version_num}"
    policy.next_version_num += 1
    policy.versions.append(PolicyVersion(policy.arn, text, False, number, at))
    policy.update_default_version(number)
    policy.update_date = at
