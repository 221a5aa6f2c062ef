"""The log of draws beside a pack: each line names the one before, and a line that was touched is found."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from prooftrail.errors import EvidenceUnreadable
from prooftrail.pack.sampling import draw_log
from prooftrail.pack.sampling.draw_log import Draw, Logged

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EMPTY = Logged(entries=(), end=None)


def a_draw(population: str = "p") -> Draw:
    """One draw."""
    return Draw(
        number=0, previous=None, at=AT, actor="Ada", action="sample drawn", pack_sha256="f" * 64, object="a sample",
        population_sha256=population, result="5 drawn", reason="audit",
    )  # fmt: skip


def a_log(*populations: str) -> bytes:
    """A log of draws from these."""
    body = b""
    for one in populations:
        body += draw_log.line_of(a_draw(one), draw_log.read("log", body))
    return body


def test_a_log_that_was_only_added_to_holds_and_counts_its_draws() -> None:
    found = draw_log.read("log", a_log("p", "q", "p"))
    assert [one.number for one in found.entries] == [1, 2, 3]
    assert [len(found.draws_of(one)) for one in "pqr"] == [2, 1, 0]
    assert found.end == draw_log.sha256_of(a_log("p", "q", "p").splitlines()[-1])


def test_an_empty_log_holds_nothing() -> None:
    assert draw_log.read("log", b"") == EMPTY


def _swapped(body: bytes) -> bytes:
    first, second, third = body.splitlines(keepends=True)
    return second + first + third


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda body: body.replace(b"5 drawn", b"4 drawn", 1), 2),  # line 1 was changed: line 2 names another
        (lambda body: body.splitlines(keepends=True)[0] + body.splitlines(keepends=True)[2], 2),
        (_swapped, 1),
        (lambda body: b"".join(body.splitlines(keepends=True)[1:]), 1),
        (lambda body: body[:-1], 3),
        (lambda body: body[:-20], 3),
        (lambda body: body + b"\n", 4),
        (lambda body: body + body.splitlines(keepends=True)[-1], 4),
        (lambda body: body.replace(b'"actor"', b' "actor"', 1), 1),
        (lambda body: body.replace(b'"actor":"Ada"', b'"actor":"Ada","more":1', 1), 1),
        (lambda body: body.replace(b"draw-log/1", b"draw-log/2", 1), 1),
        (lambda _: b"\xff\n", 1),
    ],
)
def test_a_log_that_was_touched_names_the_line(change: Callable[[bytes], bytes], line: int) -> None:
    with pytest.raises(EvidenceUnreadable, match=f"^line {line} of log does not hold"):
        draw_log.read("log", change(a_log("p", "q", "p")))


def test_a_log_whose_end_was_cut_off_whole_still_holds_and_ends_elsewhere() -> None:
    """What the docstring declares: only who wrote the last hash down sees it."""
    whole = a_log("p", "q")
    cut = b"".join(whole.splitlines(keepends=True)[:1])
    assert draw_log.read("log", cut).end != draw_log.read("log", whole).end
