"""How long it takes to say what every principal of one account can do, and whether that grows in a straight line.

Users in groups with customer-managed and AWS-managed policies, roles of pipelines and workloads with inline policies of
their own, some with boundaries, some that may pass or assume roles: `python benchmarks/privileges.py [--size 5000]`.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "functions")]

from prooftrail.risk.permissions import privileges  # noqa: E402
from tests.builders.judging_privileges import a_context, an_account, attached, inline, managed, policy, role, user  # noqa: E402

ACCOUNT = "111122223333"


def allow(*actions: str, on: str | list[str] = "*", **more: object) -> dict[str, object]:
    """One Allow statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


SHARED = {
    f"team-{number}": policy(
        allow("s3:Get*", "s3:List*", on=[f"arn:aws:s3:::team-{number}", f"arn:aws:s3:::team-{number}/*"]),
        allow("ec2:Describe*", "cloudwatch:*", "logs:*"),
        allow("iam:PassRole", on=f"arn:aws:iam::{ACCOUNT}:role/team-{number}-*"),
        allow("iam:*AccessKey*", "iam:*LoginProfile", on=f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"),
    )
    for number in range(40)
}
READ_ONLY = policy(allow("ec2:Describe*", "s3:Get*", "s3:List*", "iam:Get*", "iam:List*", "dynamodb:Get*", "kms:List*"))
BOUNDARY = policy(allow("s3:*", "lambda:*", "logs:*", "sqs:*", "iam:PassRole"))


def estate(size: int) -> tuple[object, object]:
    """Half users, half roles; every role has a document of its own."""
    shelf = [managed(name, text) for name, text in SHARED.items()] + [managed("boundary", BOUNDARY)]
    arns = [one.arn for one in shelf]
    principals = []
    for at in range(size // 2):
        more = {"boundary": arns[-1]} if at % 10 == 0 else {}
        own = (
            {"inline": (inline("own", policy(allow("s3:PutObject", on=f"arn:aws:s3:::drop/{at}/*"))),)}
            if at % 5 == 0
            else {}
        )
        principals.append(
            user(f"user-{at}", attached=attached(arns[at % 40], "arn:aws:iam::aws:policy/ReadOnly"), **more, **own)
        )
    for at in range(size - size // 2):
        statements = [
            allow("dynamodb:GetItem", "dynamodb:PutItem", on=f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/app-{at}"),
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=f"arn:aws:logs:*:{ACCOUNT}:log-group:/app/{at}:*"),
            allow("secretsmanager:GetSecretValue", on=f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:app-{at}-*"),
            {"Effect": "Deny", "Action": "iam:*", "Resource": f"arn:aws:iam::{ACCOUNT}:role/admin-*"},
        ]
        if at % 8 == 0:
            statements += [
                allow("iam:PassRole", on=f"arn:aws:iam::{ACCOUNT}:role/app-{at}*"),
                allow("lambda:*", "cloudformation:*", "ecs:*"),
                allow("sts:AssumeRole", on=f"arn:aws:iam::{ACCOUNT}:role/*"),
            ]
        if at % 50 == 0:
            statements += [allow("iam:PassRole", "iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy")]
        principals.append(
            role(
                f"app-{at}",
                trusts=("lambda", "ecs-tasks") if at % 3 else ("account",),
                inline=(inline("own", policy(*statements)),),
            )
        )
    principals.append(role("admin", trusts=("account",), inline=(inline("all", policy(allow("*"))),)))
    return an_account(*principals, policies=shelf), a_context(
        managed_policies={"arn:aws:iam::aws:policy/ReadOnly": READ_ONLY}
    )


def measured(size: int) -> float:
    """Seconds of processor time for one account."""
    snapshot, context = estate(size)
    began = time.process_time()
    found = privileges(snapshot, context)  # type: ignore[arg-type]
    took = time.process_time() - began
    assert len(found) == size + 1
    return took


def main() -> None:
    """Print one line a size and the ratios."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--size", type=int, default=5000)
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    measured(200)  # patterns and tables are made once
    times = {times * options.size // 2: measured(times * options.size // 2) for times in (1, 2, 4)}
    first, second, fourth = times.values()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.json:
        print(json.dumps({"seconds": times, "ratio_2x": second / first, "ratio_4x": fourth / first, "peak_mb": peak}))
        return
    print("| principals | seconds of one core | ratio |\n|---|---|---|")
    for size, took in times.items():
        print(f"| {size:,} | {took:.2f} | {took / first:.2f} |")
    print(f"\npeak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
