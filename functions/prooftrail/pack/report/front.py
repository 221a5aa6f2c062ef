"""Page one as markup: the same words README and workbook have, readable without a script."""

import re

from prooftrail.pack.front.page_one import KeyFact, PageOne, Question
from prooftrail.pack.report.text import Html, esc, items

_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?")
_TONES = {"good": "good", "note": "note", "bad": "attention", "unknown": "not known"}


def linked(path: str) -> str:
    """A link to a file of the pack; text alone for what is no plain relative path."""
    return f'<a href="{esc(path)}">{esc(path)}</a>' if _FILE.fullmatch(path) else f"<code>{esc(path)}</code>"


def file_link(path: str) -> Html:
    """The same as a cell of a table."""
    return Html(linked(path))


def page_one_html(page: PageOne) -> str:
    """The whole of page one, its heading first."""
    return "".join(
        (
            f'<h1 tabindex="-1" id="summary-h">{esc(page.title)}</h1>',
            f'<p class="verdict">{esc(page.verdict)}</p>',
            _assurance(page),
            _facts_of_period(page),
            f"<h2>Known gaps</h2>{items(page.gaps, 'Nothing that was due was left unread.')}",
            f'<h2>Facts that matter most</h2><ol class="facts">{"".join(map(_fact, page.facts))}</ol>',
            "<h2>Questions an auditor asks, and how far this pack answers them</h2>",
            f'{_answered(page)}<ol class="questions">{"".join(map(_question, page.questions))}</ol>',
            "<h2>Not covered by this version</h2>",
            _not_covered(page),
            "<h2>Identification</h2>",
            "<p>Compare the fingerprint with one that you were given outside this pack. A match inside proves nothing.</p>",
            _pairs(page.identification, "ids"),
        )
    )


def _assurance(page: PageOne) -> str:
    return f'<p class="assurance"><strong>Assurance: {esc(page.assurance)}.</strong> {esc(_sentence(page.assurance_means))}</p>'


def _sentence(clause: str, *, capital: bool = True) -> str:
    first = clause[:1].upper() if capital else clause[:1]
    return first + clause[1:] + ("" if clause.endswith((".", "?", "!")) else ".")


def _facts_of_period(page: PageOne) -> str:
    return (
        _pairs((("Period", page.period), ("State shown", page.as_of), ("Operated", page.operated)), "period")
        + f"<h2>Scope</h2>{items(page.scope, 'No scope is stated.')}"
        + f"<h2>Coverage</h2>{items(page.coverage, 'Nothing was read.')}"
    )


def _pairs(pairs: tuple[tuple[str, str], ...], cls: str) -> str:
    made = "".join(f"<div><dt>{esc(name)}</dt><dd>{esc(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="{cls}">{made}</dl>'


def _fact(one: KeyFact) -> str:
    tone = one.tone if one.tone in _TONES else "unknown"
    return (
        f'<li><span class="tone t-{tone}">{_TONES[tone]}</span> {esc(one.text)}'
        f' <span class="src">{linked(one.file)}</span></li>'
    )


def _answered(page: PageOne) -> str:
    words: dict[str, list[int]] = {}
    for one in page.questions:
        words.setdefault(one.answered.value, []).append(one.number)
    told = "; ".join(f"{len(at)} {word} ({', '.join(map(str, at))})" for word, at in words.items())
    return f"<p>{esc(_sentence(told))}</p>" if told else "<p>No question is answered.</p>"


def _question(one: Question) -> str:
    cls = one.answered.value.replace(" ", "-")
    missing = f'<p class="missing"><strong>Missing:</strong> {esc(one.missing)}</p>' if one.missing else ""
    files = ", ".join(map(linked, one.files)) or "no file of this pack"
    return (
        f'<li><h3>{esc(one.number)}. {esc(one.asked)} <span class="tone a-{cls}">{esc(one.answered.value)}</span></h3>'
        f'<p>{esc(one.answer)}</p>{missing}<p class="src">Clause {esc(one.clause)}. Files: {files}</p></li>'
    )


def _not_covered(page: PageOne) -> str:
    if not page.not_covered:
        return "<p>Nothing is named here.</p>"
    made = "".join(
        f"<li><strong>{esc(one.what)}</strong>: {esc(_sentence(one.why))} <em>Ask instead for:</em>"
        f" {esc(_sentence(one.ask_instead, capital=False))}</li>"
        for one in page.not_covered
    )
    return f"<ul>{made}</ul>"
