"""The policies AWS manages, as moto ships them: every one is understood, and none is more than its name says."""

import json
from collections.abc import Mapping

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from prooftrail.model.judgement import PrivilegeClass
from prooftrail.risk.explain import of_documents
from prooftrail.risk.privilege import Privilege


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Privilege]:
    """What each of them allows by itself."""
    every = json.loads(aws_managed_policies_data)
    return {name: of_documents([(name, json.dumps(one["Document"]))]) for name, one in every.items()}


def test_every_one_of_them_is_read(answers: Mapping[str, Privilege]) -> None:
    assert len(answers) > 1000


def test_administrators_are_few(answers: Mapping[str, Privilege]) -> None:
    admins = {name for name, one in answers.items() if one.cls is PrivilegeClass.ADMIN}
    assert {"AdministratorAccess", "IAMFullAccess"} <= admins
    assert len(admins) < 6


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("PowerUserAccess", PrivilegeClass.RESOURCE_POLICY_WRITE),
        ("SecurityAudit", PrivilegeClass.DATA_READ_NONSENSITIVE),
        ("ViewOnlyAccess", PrivilegeClass.METADATA_READ),
        ("AmazonEC2ReadOnlyAccess", PrivilegeClass.METADATA_READ),
        ("AWSLambdaBasicExecutionRole", PrivilegeClass.WRITE_LIMITED),
        ("AmazonECSTaskExecutionRolePolicy", PrivilegeClass.WRITE_LIMITED),
        ("AmazonS3ReadOnlyAccess", PrivilegeClass.SENSITIVE_DATA),
        ("AWSDenyAll", PrivilegeClass.NONE),
    ],
)
def test_well_known_ones_are_what_people_take_them_for(
    name: str, cls: PrivilegeClass, answers: Mapping[str, Privilege]
) -> None:
    assert answers[name].cls is cls, answers[name].why


def test_no_policy_for_readers_completes_a_path_that_reaches_more(answers: Mapping[str, Privilege]) -> None:
    readers = {name: one for name, one in answers.items() if "ReadOnly" in name}
    assert not {name for name, one in readers.items() if any(not path.needs_target for path in one.paths)}
