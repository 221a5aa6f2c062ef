"""`prooftrail explain-policy`: what a policy, or a principal of a locker, can do, and which statements make it so."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from prooftrail.cli import arguments, render
from prooftrail.cli.arguments import AsOfOption, Json, Profile
from prooftrail.cli.render import counted, said
from prooftrail.errors import ConfigError
from prooftrail.flows import explain_policy as flow
from prooftrail.risk.explain import Explained, explained, of_documents
from prooftrail.risk.policy_document import NotAPolicy, parse
from prooftrail.risk.privilege import Grant

_LONGEST = 1 << 20  # bytes; AWS takes no policy of more than 10,240 characters
_LABELS = 14


def explain_policy(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="FILE|ARN", help="Policy documents (judged together), or one ARN with --locker."),
    ],
    locker: Annotated[
        str | None, typer.Option(metavar="LOCKER", help="Where the ARN was sealed: a directory, or s3://BUCKET.")
    ] = None,
    as_of: AsOfOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Say what policies allow: the privilege class, the known escalation paths, and the statements behind them.

    An upper bound: session policies are invisible, and conditions are taken to hold where they can.
    """
    if any(one.startswith("arn:") for one in subjects):
        answer = _of_arn(subjects, locker, as_of, profile)
    else:
        if locker is not None:
            raise ConfigError("--locker is where an ARN is looked up; a file needs none: leave it out.")
        answer = _of_files(subjects)
    if as_json:
        render.print_json(answer)
    else:
        _show(answer)


def _of_arn(subjects: Sequence[str], locker: str | None, as_of: str | None, profile: str | None) -> Explained:
    if len(subjects) != 1:
        raise ConfigError("one ARN at a time: several files are judged together, several principals are not.")
    if locker is None:
        raise ConfigError(f"{subjects[0]} is looked up in a locker: say which with --locker.")
    history = arguments.history(locker, profile)
    return flow.explain(history, history.run(as_of), subjects[0])


def _of_files(subjects: Sequence[str]) -> Explained:
    documents = [(name, _text(name)) for name in subjects]
    for name, text in documents:
        try:
            parse(text)
        except NotAPolicy as error:
            raise ConfigError(f"{name} is no identity policy: {error}.") from error
    return explained(", ".join(subjects), of_documents(documents))


def _text(name: str) -> str:
    try:
        content = Path(name).read_bytes()
        if len(content) > _LONGEST:
            raise ConfigError(f"{name} is too large to be a policy: {render.size(len(content))}.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is no UTF-8 text at byte {error.start}.") from error


def _show(answer: Explained) -> None:
    out = render.console()
    out.print(render.heading(said(answer.subject)))
    out.print(render.facts(_facts(answer), labels=_LABELS))
    _list_paths(out, answer)
    out.print()
    out.print(render.heading(counted(len(answer.statements), "statement")))
    for one in answer.statements:
        out.print(render.indented(_statement(one), 2))


def _facts(answer: Explained) -> Iterator[tuple[str, str]]:
    yield "privilege", render.label(answer.privilege)
    if answer.at_most is not answer.privilege:
        yield "at most", render.label(answer.at_most)
    yield "why", said(answer.why, longest=render.LONGEST_CELL)
    for one in answer.unresolved:
        yield "not known", said(one)
    for one in answer.conflicts:
        yield "conflict", said(one)
    if answer.guardrails:
        yield "lowered by", said(", ".join(answer.guardrails))
    elif not answer.guardrails_considered:
        yield "guardrails", "not considered"
    yield "bound", "an upper bound: session policies are invisible, and conditions are taken to hold where they can"


def _list_paths(out: Console, answer: Explained) -> None:
    if not answer.paths:
        return
    out.print()
    out.print(render.heading(counted(len(answer.paths), "known escalation path")))
    for one in answer.paths:
        needs = "needs a target, and none was seen" if one in answer.needs_target else ""
        reaches = needs or ", ".join(answer.targets.get(one, ()))
        out.print(render.indented(f"{one}: {said(reaches)}", 2))


def _statement(one: Grant) -> str:
    return said(f"{one.statement} of {one.policy}: {', '.join(one.actions)} on {', '.join(one.resources)}", longest=600)
