"""Who can come in through a role's trust, as values: the answer of `risk.trust`."""

from enum import StrEnum

import msgspec


class Comer(StrEnum):
    """Who one principal of a trust statement is. UNTOLD stands inside or outside, nobody can tell which."""

    SERVICE = "service"
    OWN_ACCOUNT = "own_account"
    INSIDE = "inside"
    SUPPLIER = "supplier"
    OWN_ORGANIZATION = "own_organization"
    AWS_OWNED = "aws_owned"
    FORMER_MEMBER = "former_member"
    DELETED_PRINCIPAL = "deleted_principal"
    OUTSIDE_UNKNOWN = "outside_unknown"
    UNTOLD = "untold"
    ANYONE = "anyone"
    SAML = "saml"
    OIDC = "oidc"
    EKS_IRSA = "eks_irsa"
    EKS_POD_IDENTITY = "eks_pod_identity"


class Pin(StrEnum):
    """How far a web identity's subject is pinned. FULL names one repository (or service account) and more; REPOSITORY
    one repository; OWNER any repository of one owner; NONE leaves it open."""

    FULL = "full"
    REPOSITORY = "repository"
    OWNER = "owner"
    NONE = "none"


class Way(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One way in: who may come, under which conditions, through which statement.

    `who` is in words, `account` the account it stands in, `supplier` the register's name for it. `external_id` is true
    where an equality on a non-empty `sts:ExternalId` is required. `limited_by` are the conditions that limit anyone.
    `audience` and `pin` speak of web identities only; `unpinned_why` says what is missing. `whole_account` is true for
    an account's root as principal: everyone whom that account allows. `whole_organization` is true for anyone of our
    organization or of units of it, None where that it is ours, or that the account is in it, cannot be told. `service` is the principal of an AWS service.
    `owners` are the organizations, groups or workspaces a web identity's subject or issuer is fixed to.
    `principals` are the ARNs, or patterns of ARNs, that name who comes in; empty where nobody is named.
    """

    comer: Comer
    who: str
    account: str | None = None
    supplier: str | None = None
    supplier_active: bool = True
    external_id: bool = False
    whole_account: bool = False
    whole_organization: bool | None = False
    limited: bool = False
    limited_by: tuple[str, ...] = ()
    issuer: str | None = None
    audience: bool | None = None
    audiences: tuple[str, ...] = ()
    pin: Pin | None = None
    branch_pinned: bool | None = None
    subjects: tuple[str, ...] = ()
    unpinned_why: str | None = None
    statement: str = ""
    service: str | None = None
    owners: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone a role lets in; `unread` says why that is not known, where its trust could not be read."""

    role: str
    ways: tuple[Way, ...] = ()
    unread: str | None = None
