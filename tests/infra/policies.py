"""What the policies of all templates say, with references written out: who may do what, whoever renders it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.synthesis import Assembly

type Json = dict[str, Any]

_PSEUDO = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": ""}
_POLICY_OF = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement: `holder` is the role's name, or the type and logical id of what a resource policy hangs on."""

    stack: str
    holder: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principal: Any
    conditions: Json
    negated: bool

    def allows(self, action: str) -> bool:
        """Whether it allows `action`, its wildcards and a NotAction included."""
        return self.effect == "Allow" and (self.negated or any(meets(one, action) for one in self.actions))

    def reaches(self, arn: str) -> bool:
        """Whether one of its resources could be `arn`."""
        return any(meets(one, arn) for one in self.resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFound:
    """One role of a template."""

    stack: str
    logical_id: str
    name: str
    properties: Json


def meets(pattern: str, value: str) -> bool:
    """Whether an IAM pattern and a name, itself perhaps a pattern, can mean the same; letter case is ignored."""
    one, other = pattern.casefold().replace("[", "[[]"), value.casefold().replace("[", "[[]")
    return fnmatchcase(value.casefold(), one) or fnmatchcase(pattern.casefold(), other)


def written(value: Any, template: Json) -> str:
    """A text of a template with its intrinsics written out; what only AWS knows is `<Id>` or `<Id.Attribute>`."""
    match value:
        case str():
            return value
        case {"Ref": str() as name}:
            return _referred(name, template)
        case {"Fn::GetAtt": [str() as name, str() as attribute]}:
            return _attribute(name, attribute, template)
        case {"Fn::Join": [str() as between, list() as parts]}:
            return between.join(written(one, template) for one in parts)
        case {"Fn::Sub": str() as text}:
            return re.sub(r"\$\{([^}!]+)\}", lambda found: _referred(found[1], template), text)
        case _:
            raise AssertionError(f"a policy holds {value!r}, which these tests cannot read")


def roles(assembly: Assembly) -> list[RoleFound]:
    """Every role of every template, those inside the StackSet's template among them."""
    found = []
    for stack, template in _templates(assembly):
        for logical_id, one in template["Resources"].items():
            if one["Type"] == "AWS::IAM::Role":
                properties = one["Properties"]
                name = properties.get("RoleName", f"<{logical_id}>")
                found.append(RoleFound(stack=stack, logical_id=logical_id, name=name, properties=properties))
    return found


def identity_statements(assembly: Assembly) -> list[Statement]:
    """Every statement that hangs on a role, by whatever resource it comes."""
    found: list[Statement] = []
    for stack, template in _templates(assembly):
        names = _role_names(template)
        for logical_id, one in template["Resources"].items():
            properties = one.get("Properties", {})
            if one["Type"] == "AWS::IAM::Role":
                for policy in properties.get("Policies", []):
                    found += _statements(stack, names[logical_id], policy["PolicyDocument"], template)
            elif one["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}:
                held = [*properties.get("Roles", []), *([properties["RoleName"]] if "RoleName" in properties else [])]
                for role in held:
                    name = names.get(role.get("Ref", ""), "?") if isinstance(role, dict) else role
                    found += _statements(stack, name, properties["PolicyDocument"], template)
    return found


def trust_statements(assembly: Assembly) -> list[Statement]:
    """Every statement of a role's trust policy."""
    return [
        statement
        for stack, template in _templates(assembly)
        for logical_id, name in _role_names(template).items()
        for statement in _statements(
            stack, name, template["Resources"][logical_id]["Properties"]["AssumeRolePolicyDocument"], template
        )
    ]


def resource_statements(assembly: Assembly) -> list[Statement]:
    """Every statement of a policy that hangs on a bucket, key, topic, queue, table or function."""
    found: list[Statement] = []
    for stack, template in _templates(assembly):
        for logical_id, one in template["Resources"].items():
            if name := _POLICY_OF.get(one["Type"]):
                document = one["Properties"].get(name)
                assert isinstance(document, dict), f"{logical_id} in {stack} has no {name}, or one as text"
                found += _statements(stack, f"{one['Type']} {logical_id}", document, template)
    return found


def listed(value: Any) -> list[Any]:
    """A value that IAM takes alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


def _templates(assembly: Assembly) -> Iterator[tuple[str, Json]]:
    for stack, template in assembly.templates.items():
        yield stack, template
        for one in template["Resources"].values():
            if one["Type"] == "AWS::CloudFormation::StackSet":
                yield f"{stack}, in each account", json.loads(one["Properties"]["TemplateBody"])


def _role_names(template: Json) -> dict[str, str]:
    resources = template["Resources"].items()
    return {
        logical_id: one["Properties"].get("RoleName", f"<{logical_id}>")
        for logical_id, one in resources
        if one["Type"] == "AWS::IAM::Role"
    }


def _statements(stack: str, holder: str, document: Json, template: Json) -> list[Statement]:
    return [
        Statement(
            stack=stack,
            holder=holder,
            effect=one["Effect"],
            actions=tuple(listed(one.get("Action", one.get("NotAction", [])))),
            resources=tuple(written(each, template) for each in listed(one.get("Resource", "*"))),
            principal=one.get("Principal"),
            conditions=one.get("Condition", {}),
            negated="NotAction" in one or "NotResource" in one or "NotPrincipal" in one,
        )
        for one in listed(document["Statement"])
    ]


def _referred(name: str, template: Json) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    properties = template["Resources"].get(name, {}).get("Properties", {})
    given = next((properties[key] for key in ("BucketName", "TableName", "RoleName") if key in properties), None)
    return given if isinstance(given, str) else f"<{name}>"


def _attribute(name: str, attribute: str, template: Json) -> str:
    resource = template["Resources"][name]
    if attribute == "Arn" and resource["Type"] == "AWS::S3::Bucket":
        return f"arn:aws:s3:::{_referred(name, template)}"
    return f"<{name}.{attribute}>"
