"""Stacks rendered alone, and what stands in them."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from infra.flags import FLAGS
from infra.stage import Stage

from .policy_engine import rendered


class Rendered:
    """A stack's template with its names filled in: `arns` gives the ARN a logical id stands for."""

    def __init__(self, kind: Any, stage: Stage) -> None:
        self.stack = kind(cdk.App(context=FLAGS), "Stack", stage=stage)
        self.resources: Mapping[str, Any] = Template.from_stack(self.stack).to_json().get("Resources", {})
        self._stage = stage

    def of(self, kind: str) -> dict[str, Any]:
        """The properties of all resources of a type, by the name they have or the key they are about."""
        found = {logical: one for logical, one in self.resources.items() if one["Type"] == kind}
        return {logical: rendered(one.get("Properties", {}), self._arns()) for logical, one in found.items()}

    def one(self, kind: str, **properties: Any) -> dict[str, Any]:
        """The one resource of a type that has these properties."""
        fits = [one for one in self.of(kind).values() if properties.items() <= one.items()]
        assert len(fits) == 1, (kind, properties, len(fits))
        return dict(fits[0])

    def policy_of(self, bucket: str) -> dict[str, Any]:
        """The policy of a bucket, by its name."""
        found = self.one("AWS::S3::BucketPolicy", Bucket=f"arn:{self._stage.partition}:s3:::{bucket}")
        return dict(found["PolicyDocument"])

    def key_policy(self, alias: str) -> dict[str, Any]:
        """The policy of the key an alias means."""
        target = self.one("AWS::KMS::Alias", AliasName=alias)["TargetKeyId"]
        (logical,) = [one for one in self.of("AWS::KMS::Key") if self._arns()[one] == target]
        return dict(self.of("AWS::KMS::Key")[logical]["KeyPolicy"])

    def _arns(self) -> dict[str, str]:
        found = {}
        for logical, one in self.resources.items():
            name = one.get("Properties", {}).get("BucketName")
            found[logical] = f"arn:{self._stage.partition}:s3:::{name}" if name else f"arn:of:{logical}"
        return found
