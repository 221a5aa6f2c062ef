"""The CDK app: `cdk deploy -c stage=dev`. Knows no account and asks AWS nothing while it synthesizes."""

import sys
from fnmatch import fnmatch

import aws_cdk as cdk

from infra.asset import Asset
from infra.bundling import BUILT, BundleError, bundle
from infra.flags import FLAGS
from infra.stacks import WITH_CODE, add_stacks, stack_name
from infra.stage import Stage, StageError

_WANTED = "aws:cdk:bundling-stacks"  # the CDK CLI's own word for the stacks a command needs code of; none for `ls`


def main() -> int:
    """Synthesize the stage that `-c stage=NAME` names. 2, after one sentence, where cdk.json or this machine is wrong."""
    app = cdk.App(context=FLAGS, analytics_reporting=False)
    try:
        stage = Stage.of(app.node)
        add_stacks(app, stage, asset=_code(stage, app.node.try_get_context(_WANTED)))
    except (StageError, BundleError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app.synth()
    return 0


def _code(stage: Stage, wanted: list[str] | None) -> Asset:
    """The functions' code, built only for a command that uploads or compares it. `wanted` None wants all stacks."""
    names = [stack_name(stage, last) for last in WITH_CODE]
    if wanted is None or any(fnmatch(name, pattern) for name in names for pattern in wanted):
        return bundle(architecture=stage.architecture)
    unbuilt = BUILT / "unbuilt"
    unbuilt.mkdir(parents=True, exist_ok=True)
    (unbuilt / "README").write_text("Stands for the functions' code where a command needs none.\n")
    return Asset(path=unbuilt, sha256="0" * 64, architecture=stage.architecture)


if __name__ == "__main__":
    raise SystemExit(main())
