"""Whatever stands in a governance file is either a policy or told in sentences: nothing else ever comes of it."""

import re
import tomllib

from hypothesis import given, settings
from hypothesis import strategies as some

from prooftrail.governance import FILES, problems
from prooftrail.governance.toml_lines import Lines
from tests.governance.entries import KNOWN
from tests.governance.test_policy import SHIPPED

CODE = re.compile(r"^# (?=\[\[?[\w.]+\]|\w+ = |\]|  \{)", re.M)
EXAMPLES = {name: CODE.sub("", (SHIPPED / name).read_text()) for name in FILES}
PIECES = (
    "",
    "=",
    "[",
    "]]",
    '"',
    '"""',
    "'",
    "{ a = 1 }",
    "1",
    "-1",
    "true",
    "2026-11-31",
    "x = 1",
    "\n",
    "\\",
    "é",
    "@*",
)


@some.composite
def damaged(draw: some.DrawFn) -> tuple[str, str]:
    """A sound file in which something was put in another's place."""
    name = draw(some.sampled_from(FILES))
    text = EXAMPLES[name]
    for _ in range(draw(some.integers(1, 3))):
        start = draw(some.integers(0, len(text)))
        end = min(len(text), start + draw(some.integers(0, 12)))
        text = text[:start] + draw(some.sampled_from(PIECES)) + text[end:]
    return name, text


def told(name: str, body: bytes) -> None:
    """Everything that is wrong is a sentence that names the file."""
    files = {each: text.encode() for each, text in EXAMPLES.items()} | {name: body}
    for sentence in problems(files, KNOWN):
        assert re.match(r"\w+\.toml(, line \d+:| )", sentence), sentence
        assert sentence.endswith((".", "?")), sentence


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_a_damaged_file_is_explained(found: tuple[str, str]) -> None:
    told(found[0], found[1].encode())


@settings(max_examples=60, deadline=None)
@given(some.sampled_from(FILES), some.binary(max_size=60))
def test_any_bytes_are_explained(name: str, body: bytes) -> None:
    told(name, body)


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_every_key_of_a_text_that_parses_is_found_on_a_line_that_names_it(found: tuple[str, str]) -> None:
    text = found[1]
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines, written = Lines(text), text.replace("\r\n", "\n").split("\n")
    for key in raw:
        assert key in written[lines.of((key,)) - 1]
