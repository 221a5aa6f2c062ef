"""The roles that landing zones roll out, each by path, name, whom it trusts and whether it is meant to be powerful.

Sources: the CDK bootstrap template; AWS Control Tower, "How AWS Control Tower works with roles to create and manage
accounts"; CloudFormation, "Grant self-managed permissions" and "service-managed" StackSets; AWS Organizations,
"Accessing member accounts". A name is matched to its end: `…-tmp` is another role.
"""

import re
from functools import cache

import msgspec

_REGION = (
    r"(?:us-gov|us-isof?|us-isob|eu-isoe|eusc-de|af|ap|ca|cn|eu|il|me|mx|sa|us)"
    r"-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]"
)
CDK_QUALIFIER = "hnb659fds"
CLOUDFORMATION = "cloudformation.amazonaws.com"


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One role of a preset. `name` is a pattern with `{account}`, `{region}` and `{qualifier}` to fill in.

    It trusts exactly one service, or the accounts of which `own`, `management`, `administrators` (those to whom the
    organization delegated something) and the preset's own list are allowed. `role` is the
    role of such an account that it trusts by name, where the landing zone rolls that one out too. `powerful` roles are meant to be administrators or near to it.
    """

    preset: str
    name: str
    paths: tuple[str, ...] = ("/",)
    service: str | None = None
    own: bool = False
    management: bool = False
    administrators: bool = False
    role: str | None = None
    powerful: bool = False

    def matches(self, path: str, name: str, *, account: str, qualifier: str) -> bool:
        """True if a role of this path and name in `account` is, by its name, one of these."""
        return path in self.paths and _names(self.name, account, qualifier).fullmatch(name) is not None


@cache
def _names(template: str, account: str, qualifier: str) -> re.Pattern[str]:
    return re.compile(template.format(account=account, region=_REGION, qualifier=re.escape(qualifier)))


CDK, CONTROL_TOWER, STACKSETS, ACCESS = "cdk-bootstrap", "control-tower", "stacksets", "organization-account-access"
_SERVICE_ROLE = ("/service-role/",)
_EITHER = ("/", "/service-role/")


def _cdk(part: str, *, service: str | None = None, powerful: bool = False) -> Template:
    name = f"cdk-{{qualifier}}-{part}-role-{{account}}-{{region}}"
    return Template(preset=CDK, name=name, service=service, own=service is None, powerful=powerful)


def _tower(name: str, service: str, *, paths: tuple[str, ...] = _EITHER, powerful: bool = False) -> Template:
    return Template(preset=CONTROL_TOWER, name=name, paths=paths, service=service, powerful=powerful)


TEMPLATES = (
    _cdk("cfn-exec", service=CLOUDFORMATION, powerful=True),
    _cdk("deploy", powerful=True),
    _cdk("file-publishing"),
    _cdk("image-publishing"),
    _cdk("lookup"),
    Template(preset=CONTROL_TOWER, name="AWSControlTowerExecution", management=True, powerful=True),
    _tower("AWSControlTowerAdmin", "controltower.amazonaws.com", paths=_SERVICE_ROLE, powerful=True),
    _tower("AWSControlTowerStackSetRole", CLOUDFORMATION, paths=_SERVICE_ROLE, powerful=True),
    _tower("AWSControlTowerCloudTrailRole", "cloudtrail.amazonaws.com", paths=_SERVICE_ROLE),
    _tower("AWSControlTowerConfigAggregatorRoleForOrganizations", "config.amazonaws.com", paths=_SERVICE_ROLE),
    _tower("aws-controltower-ConfigRecorderRole", "config.amazonaws.com"),
    _tower("aws-controltower-CloudWatchLogsRole", "cloudtrail.amazonaws.com"),
    _tower("aws-controltower-ForwardSnsNotificationRole", "lambda.amazonaws.com"),
    _tower("aws-controltower-AuditAdministratorRole", "lambda.amazonaws.com", powerful=True),
    _tower("aws-controltower-AuditReadOnlyRole", "lambda.amazonaws.com", powerful=True),
    Template(
        preset=CONTROL_TOWER,
        name="aws-controltower-AdministratorExecutionRole",
        paths=_EITHER,
        administrators=True,
        role="aws-controltower-AuditAdministratorRole",
        powerful=True,
    ),
    Template(
        preset=CONTROL_TOWER,
        name="aws-controltower-ReadOnlyExecutionRole",
        paths=_EITHER,
        administrators=True,
        role="aws-controltower-AuditReadOnlyRole",
    ),
    Template(
        preset=STACKSETS, name="AWSCloudFormationStackSetAdministrationRole", service=CLOUDFORMATION, powerful=True
    ),
    Template(
        preset=STACKSETS,
        name="AWSCloudFormationStackSetExecutionRole",
        own=True,
        management=True,
        administrators=True,
        role="AWSCloudFormationStackSetAdministrationRole",
        powerful=True,
    ),
    Template(
        preset=STACKSETS,
        name="stacksets-exec-[0-9a-f]{{8,64}}",
        management=True,
        administrators=True,
        powerful=True,
    ),
    Template(preset=ACCESS, name="OrganizationAccountAccessRole", management=True, powerful=True),
)
"""Every role that is recognised. A preset nobody registered is recognised all the same, to be judged once."""

BEGINNINGS = (
    "AWSCloudFormationStackSet",
    "AWSControlTower",
    "OrganizationAccountAccessRole",
    "aws-controltower-",
    "cdk-",
    "stacksets-exec-",
)
"""How the names begin, so that all other roles are passed over without a second look."""
