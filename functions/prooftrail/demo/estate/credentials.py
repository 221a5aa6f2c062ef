"""Gives users passwords, keys, MFA devices and service credentials, as old and as used as they are said to be."""

from datetime import datetime

from moto.iam.models import AccessKey, AccessKeyLastUsed, MFADevice, SigningCertificate, User, VirtualMfaDevice

from prooftrail.demo.estate.site import Site
from prooftrail.demo.mends.world import ServiceCredential


def add_key(
    site: Site,
    user: User,
    *,
    days: float,
    used: float | None = None,
    active: bool = True,
    service: str = "s3",
    like: str = "",
) -> AccessKey:
    """An access key created `days` ago, last used `used` days ago (None: never).

    Two keys made with the same `like` are made in the same second.
    """
    slot = f"{user.name}/{len(user.access_keys) + 1}/{site.day}"
    key = AccessKey(user.name, prefix="AKIA", account_id=site.id, status="Active" if active else "Inactive")  # type: ignore[abstract]  # so moto itself makes it
    key.access_key_id = site.ids.unique("AKIA", site.id, "key", slot)
    key.secret_access_key = "".join(site.ids.draw("secret", site.id, slot).choices("abcdefghijkmnpqrstuvwxyz", k=40))
    key.create_date = site.ago(days, like=like or f"key/{slot}" if days >= 1 else "")
    if used is not None:
        use_key(site, key, site.ago(used, like=f"key-use/{slot}"), service)
    user.access_keys.append(key)
    site.iam.access_keys[key.access_key_id] = key
    return key


def use_key(site: Site, key: AccessKey, at: datetime, service: str) -> None:
    """Let the key have been used at `at`, never before it was made."""
    key.last_used = AccessKeyLastUsed(timestamp=max(at, key.create_date), service=service, region=site.home)


def delete_key(site: Site, user: User, key: AccessKey) -> None:
    """Take the key away; the other key of the user keeps its place in time, not its slot."""
    user.access_keys.remove(key)
    del site.iam.access_keys[key.access_key_id]


def add_password(site: Site, user: User, *, changed: float, used: float | None = None) -> None:
    """A console password set `changed` days ago, last used `used` days ago (None: no information)."""
    user.password = "never sent anywhere"
    site.beyond.password_changed[user.id] = max(site.ago(changed, like=f"password/{user.name}"), user.create_date)
    if used is not None:
        sign_in(user, site.ago(used, like=f"sign-in/{user.name}"))


def sign_in(user: User, at: datetime) -> None:
    """Let the password have been used at `at`, never before the user was made."""
    user.password_last_used = max(at, user.create_date)  # type: ignore[assignment]  # moto types it as always None


def add_virtual_mfa(site: Site, user: User, *, days: float) -> None:
    """A virtual device, assigned to the user."""
    # Moto draws a seed for the device, which is never shown.
    device = VirtualMfaDevice(site.id, site.partition, f"/{user.name}")
    device.enable_date, device.user = site.ago(days, like=f"mfa/{user.name}"), user
    site.iam.virtual_mfa_devices[device.serial_number] = device
    _enable(user, device.serial_number, device.enable_date)


def add_unassigned_mfa(site: Site, name: str) -> None:
    """A virtual device somebody made and never assigned."""
    device = VirtualMfaDevice(site.id, site.partition, f"/{name}")
    site.iam.virtual_mfa_devices[device.serial_number] = device


def add_fido(site: Site, user: User, *, days: float) -> None:
    """A security key: only the per-user list shows it, never the account-wide one."""
    suffix = site.ids.draw("fido", site.id, user.name).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=26)
    _enable(user, site.arn(f"u2f/user/{user.name}/key-{''.join(suffix)}"), site.ago(days, like=f"fido/{user.name}"))


def _enable(user: User, serial: str, at: datetime) -> None:
    device = MFADevice(serial, "", "")
    device.enable_date = at
    user.mfa_devices[serial] = device


def add_service_credential(
    site: Site,
    user: User,
    service: str,
    *,
    days: float,
    expires: float | None = None,
    alias: bool = False,
    status: str = "Active",
) -> ServiceCredential:
    """A service-specific credential; `expires` in days from today (negative: it has), None: never."""
    credential = ServiceCredential(
        id=site.ids.unique("ACCA", site.id, "service-credential", user.name, service, str(days)),
        user=user.name,
        service=f"{service}.amazonaws.com",
        created=site.ago(days, like=f"service-credential/{user.name}/{service}"),
        status=status,
        alias=f"{user.name}+1-at-{site.id}" if alias else None,
        expires=site.ago(-expires) if expires is not None else None,
    )
    site.beyond.service_credentials.append(credential)
    return credential


def add_signing_certificate(site: Site, user: User, *, days: float) -> None:
    """An X.509 signing certificate: a column of the credential report hardly anyone looks at."""
    drawn = site.ids.draw("signing", site.id, user.name).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=24)
    certificate = SigningCertificate("".join(drawn), user.name, "-----BEGIN CERTIFICATE-----")
    certificate.upload_date = site.ago(days, like=f"signing/{user.name}")
    user.signing_certificates[certificate.id] = certificate
