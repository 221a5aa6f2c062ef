"""The one file an auditor opens: its head with a policy that lets nothing in or out, its sections, its data, its script."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from prooftrail.pack.report.text import esc

SECTIONS = (
    ("summary", "Page one"),
    ("population", "Population"),
    ("controls", "Controls"),
    ("identities", "Identities"),
    ("families", "Families"),
    ("owners", "Owners"),
    ("history", "History"),
)
"""The sections by the name that follows `#` in a link, in the order they are read."""

_SCRIPTS = ("data.js", "table.js", "pages.js", "identity.js", "report.js")
_EARLY = "document.documentElement.dataset.scripted = 'yes';"
_WITHOUT = {
    "identities": "03_identity_inventory.csv and 07_identity_control_results.csv",
    "families": "37_families.csv",
    "owners": "32_owner_register.csv",
}


@cache
def style() -> str:
    """The style sheet."""
    return _asset("report.css")


@cache
def script() -> str:
    """The script, in strict mode and leaving no name behind."""
    parts = "".join(_asset(one) for one in _SCRIPTS)
    return f"(() => {{\n'use strict';\n{parts}}})();\n"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy() -> str:
    """The content security policy: our own script and style by hash, and nothing else from anywhere."""
    return (
        f"default-src 'none'; script-src '{_hash(_EARLY)}' '{_hash(script())}'; style-src '{_hash(style())}';"
        " img-src 'none'; base-uri 'none'; form-action 'none'"
    )


def head(title: str) -> str:
    """Everything before the sections."""
    links = "".join(f'<li><a href="#{name}" data-nav="{name}">{esc(label)}</a></li>' for name, label in SECTIONS)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{esc(title)}</title>\n<style>{style()}</style>\n<script>{_EARLY}</script>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to content</a>\n'
        f'<header><p class="brand">{esc(title)}</p><nav aria-label="Sections"><ul>{links}</ul></nav></header>\n'
        '<main id="main" tabindex="-1">\n<p class="notice" data-unscripted>Page one, population, controls and history read'
        " without a script. Search, filters and single identities need one; the CSV files hold all of it.</p>\n"
    )


def section(name: str, body: str) -> str:
    """One section; all but page one begin with their own heading."""
    label = dict(SECTIONS)[name]
    heading = "" if name == "summary" else f'<h1 tabindex="-1" id="{name}-h">{esc(label)}</h1>'
    return f'<section id="{name}" aria-labelledby="{name}-h">{heading}{body}</section>\n'


def of_script(name: str, first: str = "") -> str:
    """A section the script fills, after what is said `first`, and where its rows are without a script."""
    without = f"<p data-unscripted>This list needs a script. Its rows are in {esc(_WITHOUT[name])}.</p>"
    return section(name, f'{first}{without}<div data-fill="{name}"></div>')


def tail() -> Iterator[str]:
    """Everything after the data."""
    yield f"<script>{script()}</script>\n</body>\n</html>\n"
