"""The risk model as it was published: a copy of the reference function and of the table of worked examples."""

from collections.abc import Iterable
from typing import Any, NamedTuple

IMPACT = {
    "none": 1, "metadata_read": 1, "data_read_nonsensitive": 2, "write_limited": 3, "sensitive_data": 4,
    "credential_access": 4, "resource_policy_write": 4, "privesc": 5, "admin": 5,
}  # fmt: skip
MODIFIER = {"sandbox": -1, "nonprod": 0, "prod": 1, "security_or_management": 1}
POINTS = {
    "trust_any_principal": 5, "trust_any_principal_conditioned": 3, "oidc_sub_wildcard": 4, "oidc_aud_missing": 3,
    "external_unregistered": 4, "external_no_external_id": 3, "external_registered": 1, "cross_env_into_prod": 2,
    "long_lived_key": 2, "service_cred_no_expiry": 2, "password_without_mfa": 4, "iam_user_password": 1,
    "plaintext_secret": 5, "rotation_overdue": 1, "rotation_overdue_2x": 2, "unused_over_limit": 1,
    "owner_missing": 2, "owner_inactive": 2, "shared_nhi": 1, "review_overdue": 1, "no_network_condition": 1,
    "human_use_of_nhi": 2, "cert_expired_in_use": 2, "root_credentials": 3, "approval_missing": 2,
}  # fmt: skip
STEPS = [(0, 1), (2, 2), (4, 3), (6, 4), (8, 5)]
MATRIX = [[1, 1, 1, 1, 2], [1, 1, 2, 2, 3], [1, 2, 2, 3, 3], [2, 2, 3, 3, 4], [2, 3, 3, 4, 4]]
TIER = {1: "low", 2: "medium", 3: "high", 4: "critical"}
WEAK = {
    "long_lived_key", "password_without_mfa", "oidc_sub_wildcard", "external_unregistered", "external_no_external_id",
    "plaintext_secret",
}  # fmt: skip


def score(
    privilege: str, env: str, factors: Iterable[str], *, kind: str = "", sensitive_ou: bool = False
) -> dict[str, Any]:
    """The reference, as published."""
    f = set(factors)
    impact = max(1, min(5, IMPACT[privilege] + MODIFIER[env] + (1 if sensitive_ou else 0)))
    points = sum(POINTS[one] for one in f)
    likelihood = max(level for low, level in STEPS if points >= low)
    tier = MATRIX[impact - 1][likelihood - 1]
    floors = []
    if kind == "root":
        floors.append(("F1 root", 3))
        if f & {"long_lived_key", "password_without_mfa"}:
            floors.append(("F2 root key or no MFA", 4))
    if "trust_any_principal" in f:
        floors.append(("F3 any-principal trust", 4))
    if privilege in ("admin", "privesc") and f & WEAK:
        floors.append(("F4 admin-equivalent with weak or external path", 4))
    if privilege in ("admin", "privesc"):
        floors.append(("F5 admin-equivalent", 3))
    if f & {"owner_missing", "owner_inactive"} and f & {"long_lived_key", "service_cred_no_expiry", "plaintext_secret"}:
        floors.append(("F6 ownerless long-lived credential", 3))
    if "plaintext_secret" in f:
        floors.append(("F7 exposed secret", 3))
    if kind == "role_service_linked":
        return {"impact": 1, "likelihood": 1, "points": 0, "tier": "low", "floors": ["CAP service-linked role"]}
    tier = max([tier, *(floor for _, floor in floors)])
    return {
        "impact": impact,
        "likelihood": likelihood,
        "points": points,
        "tier": TIER[tier],
        "floors": [name for name, _ in floors],
    }


class Case(NamedTuple):
    """What an example is scored from."""

    privilege: str
    environment: str
    factors: tuple[str, ...]
    kind: str = ""


class Example(NamedTuple):
    """One row of the published table; floors by their number."""

    name: str
    of: Case
    impact: int
    points: int
    likelihood: int
    floors: tuple[str, ...]
    tier: str


OLD_KEY = ("long_lived_key", "rotation_overdue_2x", "owner_missing", "no_network_condition")
EXAMPLES = (
    Example("root, MFA, no key, prod", Case("admin", "prod", ("root_credentials",), "root"),
            5, 3, 2, ("F1", "F5"), "high"),
    Example("root with access key", Case("admin", "prod", ("root_credentials", "long_lived_key"), "root"),
            5, 5, 3, ("F1", "F2", "F4", "F5"), "critical"),
    Example("CI/CD role, admin, sub pinned, prod", Case("admin", "prod", ()), 5, 0, 1, ("F5",), "high"),
    Example("CI/CD role, admin, sub repo:org/*", Case("admin", "prod", ("oidc_sub_wildcard",)),
            5, 4, 3, ("F4", "F5"), "critical"),
    Example("vendor role, sensitive read, registered, ExternalId",
            Case("sensitive_data", "prod", ("external_registered",)), 5, 1, 1, (), "medium"),
    Example("vendor role, sensitive read, no ExternalId",
            Case("sensitive_data", "prod", ("external_no_external_id",)), 5, 3, 2, (), "high"),
    Example("service user key 200 d old, no owner, limited write, prod", Case("write_limited", "prod", OLD_KEY),
            4, 7, 4, ("F6",), "high"),
    Example("service user key fresh, owner, IP-bound, limited write, nonprod",
            Case("write_limited", "nonprod", ("long_lived_key",)), 3, 2, 2, (), "medium"),
    Example("Lambda role, limited write, prod, used", Case("write_limited", "prod", ()), 4, 0, 1, (), "medium"),
    Example("Lambda role, privesc path, nonprod", Case("privesc", "nonprod", ()), 5, 0, 1, ("F5",), "high"),
    Example("read-only audit role via SSO, prod", Case("metadata_read", "prod", ()), 2, 0, 1, (), "low"),
    Example("unused role, data read, nonprod", Case("data_read_nonsensitive", "nonprod", ("unused_over_limit",)),
            2, 1, 1, (), "low"),
    Example("role trusted by * without condition", Case("metadata_read", "nonprod", ("trust_any_principal",)),
            1, 5, 3, ("F3",), "critical"),
    Example("ownerless key, read only, sandbox", Case("metadata_read", "sandbox", ("long_lived_key", "owner_missing")),
            1, 4, 3, ("F6",), "high"),
    Example("human IAM user, password, no MFA, limited write, prod",
            Case("write_limited", "prod", ("iam_user_password", "password_without_mfa")), 4, 5, 3, (), "high"),
    Example("service-linked role", Case("admin", "prod", (), "role_service_linked"), 1, 0, 1, ("CAP",), "low"),
)  # fmt: skip
