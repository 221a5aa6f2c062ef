"""One run is one code's: who finishes or judges it under other code would give results that no code ever gave."""

from prooftrail.errors import ConfigError
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Code


def other_code(context: Context, code: Code) -> ConfigError | None:
    """What to tell whoever would go on with a run that other code began; None where it is the same code."""
    if context.code.sha256 == code.sha256:
        return None
    return ConfigError(
        f"run {context.run.id} was begun by Prooftrail {_named(context.code)}, and this is {_named(code)}: finish it with"
        " that code, or wait for the next tick."
    )


def require_same_code(context: Context, code: Code) -> None:
    """Raises ConfigError naming both versions where other code began the run."""
    if (different := other_code(context, code)) is not None:
        raise different


def _named(code: Code) -> str:
    return f"{code.version} (code {code.sha256[:16]})"
