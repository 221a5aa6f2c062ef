"""What AWS's own managed policies say: every one for all accounts at once, and single ones in an account that needs them."""

from collections.abc import Iterable, Iterator

from prooftrail.model.iam import AwsManagedPolicy, PolicyDocument, Role, User
from prooftrail.model.reading import Reading

from .iam_documents import Documents
from .iam_each import each
from .iam_principals import Principals
from .observer import Api, Collecting, Observer

LIST_POLICIES = Api("iam", "list_policies")
GET_POLICY = Api("iam", "get_policy")
GET_VERSION = Api("iam", "get_policy_version")

_PAGE = 1000  # the most IAM gives
_AWS = "aws"  # stands where an account id stands in the ARN of a policy that AWS manages


def read_published(observer: Observer, known: Iterable[AwsManagedPolicy] = ()) -> Reading[AwsManagedPolicy]:
    """The version in force of every policy AWS manages, by ARN; asked for are only versions that `known` lacks.

    What AWS lists and does not show is left out, and a gap names it. Source: IAM ListPolicies with Scope AWS,
    GetPolicyVersion.
    """
    found: Collecting[AwsManagedPolicy] = Collecting(observer)
    pages = found.pages(LIST_POLICIES, Scope="AWS", MaxItems=_PAGE)
    listed = {row["Arn"]: row["DefaultVersionId"] for page in pages for row in page.get("Policies", ())}
    texts = {(one.arn, one.version): one for one in known if one.text is not None}
    for version in sorted(listed.items()):
        if version in texts:
            found.add(texts[version])
    _read_versions(found, [one for one in sorted(listed.items()) if one not in texts])
    return _sorted(found.reading())


def read_unpublished(
    observer: Observer, principals: Principals, known: frozenset[str] = frozenset()
) -> Reading[AwsManagedPolicy]:
    """The policies of AWS's that somebody in the account has attached or for a boundary and `known` (ARNs) lacks.

    Nothing is asked where `known` has them all. What AWS does not show is left out, and a gap names it.
    Source: IAM GetPolicy, GetPolicyVersion.
    """
    found: Collecting[AwsManagedPolicy] = Collecting(observer)
    versions: dict[str, str] = {}

    def ask(arn: str) -> None:
        versions[arn] = found.put(GET_POLICY, PolicyArn=arn)["Policy"]["DefaultVersionId"]

    each(found, sorted(set(_in_use(principals)) - known), ask)
    _read_versions(found, sorted(versions.items()))
    return _sorted(found.reading())


def _read_versions(found: Collecting[AwsManagedPolicy], wanted: list[tuple[str, str]]) -> None:
    documents = Documents(found.observer.redactor, api=GET_VERSION.name)

    def ask(wanted: tuple[str, str]) -> None:
        arn, version = wanted
        answer = found.put(GET_VERSION, opening=documents, PolicyArn=arn, VersionId=version)
        document: PolicyDocument = answer["PolicyVersion"]["Document"]
        found.add(AwsManagedPolicy(arn=arn, version=version, text=document.text))

    each(found, wanted, ask)


def _in_use(principals: Principals) -> Iterator[str]:
    """The ARNs of AWS's own policies on users, roles and groups."""
    for one in (*(held.facts for held in principals.reading.items), *principals.groups):
        arns = [policy.arn for policy in getattr(one, "attached", ())]
        if isinstance(one, User | Role) and one.boundary:
            arns.append(one.boundary)
        yield from (arn for arn in arns if arn.split(":")[4:5] == [_AWS])


def _sorted(reading: Reading[AwsManagedPolicy]) -> Reading[AwsManagedPolicy]:
    return Reading(items=tuple(sorted(reading.items)), gaps=reading.gaps, sources=reading.sources)
