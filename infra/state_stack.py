"""What must outlive every release, in the evidence account: the evidence bucket and the keys that sign."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from prooftrail.grants import Key

from .evidence_bucket import LOGS_BY_POLICY, evidence_bucket
from .key_policies import signing_policy
from .stage import Stage


class StateStack(cdk.Stack):
    """Everything here is retained when the stack goes, policies too; the stack itself is protected from going.

    What a deployment that failed has just made goes again, so that its fixed name is free. A key does not: it has no
    name to free, its policy lets CloudFormation delete none, and a rollback would end in that refusal.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        env = cdk.Environment(account=stage.evidence_account, region=stage.region)
        super().__init__(scope, construct_id, env=env, termination_protection=True)
        self.node.set_context(LOGS_BY_POLICY, True)
        evidence_bucket(self, stage)
        signing = self._signing_keys(stage)
        witness = _signing_key(self, stage, Key.WITNESS, "Signs what Prooftrail's watchdog saw")
        self._meant(stage, Key.WITNESS, witness)
        cdk.RemovalPolicies.of(self).retain_on_update_or_delete(exclude_resource_types=["AWS::KMS::Key"])
        names = stage.names()
        for output, value, says in (
            ("LockerAddress", f"s3://{stage.bucket}", "prooftrail verify takes it"),
            ("SigningKeyArn", signing.key_arn, "meant by its alias; its public key checks every manifest"),
            ("SigningAliasArn", names.alias_arn(Key.SIGNING), "what the closer signs with"),
            ("WitnessKeyArn", witness.key_arn, "meant by its alias; its public key checks every witness"),
            ("WitnessAliasArn", names.alias_arn(Key.WITNESS), "what the watchdog signs with"),
        ):
            cdk.CfnOutput(self, output, value=value, description=says)

    def _signing_keys(self, stage: Stage) -> kms.Key:
        """One key for each generation, none of which ever goes; aliases say which signs and which signs it in."""
        keys = [
            _signing_key(self, stage, Key.SIGNING, "Signs Prooftrail's manifests", str(number) if number > 1 else "")
            for number in range(1, stage.signing_key_generation + 1)
        ]
        self._meant(stage, Key.SIGNING, keys[-1])
        if keys[:-1]:
            self._meant(stage, Key.PREVIOUS, keys[-2])
        return keys[-1]

    def _meant(self, stage: Stage, key: Key, made: kms.Key) -> None:
        name = "".join(part.capitalize() for part in key.split("-"))
        kms.CfnAlias(self, f"{name}Alias", alias_name=stage.names().alias(key), target_key_id=made.key_id)


def _signing_key(stack: cdk.Stack, stage: Stage, key: Key, says: str, generation: str = "") -> kms.Key:
    """ECC P-256, which does not rotate by itself: a new key is cross-signed by the old one."""
    return kms.Key(
        stack,
        f"{key.capitalize()}{generation}",
        key_spec=kms.KeySpec.ECC_NIST_P256,
        key_usage=kms.KeyUsage.SIGN_VERIFY,
        description=f"{says} ({stage.name})",
        policy=signing_policy(stack, stage, key),
        pending_window=cdk.Duration.days(30),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
