"""What a population must be to be drawn from, what may be left out of a draw, and how the record tells of both."""

import subprocess
from collections.abc import Iterable

import pytest

from prooftrail.errors import ConfigError, EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.pack.sampling import papers as sample_papers
from prooftrail.pack.sampling import record as sample_record
from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.record import Exclusion, SeedSource, parse_exclusions, read_population, sample_id
from prooftrail.pack.sampling.sampling import Selected

ARN = "arn:aws:secretsmanager:us-east-1:111111111111:secret:a:b-Xy12Ab"


def a_population(ids: Iterable[str] = ("AKIA1", "AKIA2", ARN), *, header: str = "item_id,tier,kind") -> bytes:
    """A population as a CSV file."""
    return "".join(f"{one}\r\n" for one in [header, *(f"{each},high,key" for each in ids)]).encode()


def test_a_population_is_read_as_it_stands() -> None:
    body = a_population()
    found = read_population("access-keys", body)
    assert (found.sha256, found.item_column, len(found.rows)) == (canonical.sha256(body), "item_id", 3)
    assert [one.id for one in found.items(())] == ["AKIA1", "AKIA2", ARN]
    assert found.items(("tier", "kind"))[0].stratum == "high / key"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no CSV with a header"),
        (b"\xff\xfe", "no CSV with a header"),
        (b'item_id\r\n"open', "no CSV with a header"),
        (b"name,tier\r\nx,high\r\n", "no column item_id"),
        (a_population(("A", "A")), "lists 'A' more than once"),
        (b"item_id,tier\r\nA\r\n", "other lengths"),
    ],
)
def test_what_is_no_list_of_items_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(EvidenceUnreadable, match=why):
        read_population("access-keys", body)


@pytest.mark.parametrize(
    ("header", "asked", "column"),
    [
        ("item_id,tier,kind", "tier", "tier"),
        ("item_id,inherent_tier,kind", "tier", "inherent_tier"),
        ("item_id,tier,kind", "kind", "kind"),
    ],
)
def test_a_stratum_is_a_column(header: str, asked: str, column: str) -> None:
    assert read_population("users", a_population(header=header)).strata_columns((asked,)) == (column,)


def test_a_stratum_that_is_no_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="it has item_id, tier, kind"):
        read_population("users", a_population()).strata_columns(("colour",))


def test_an_item_is_left_out_with_a_reason_even_if_its_id_holds_colons() -> None:
    population = read_population("all", a_population())
    said = (f"{ARN}:broken since: May", "AKIA2: known")
    assert parse_exclusions(said, population) == (
        Exclusion(item_id="AKIA2", reason="known"),
        Exclusion(item_id=ARN, reason="broken since: May"),
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("AKIA1",), "names no item"),
        (("AKIA9:gone",), "names no item"),
        (("AKIA1:",), "a reason is missing"),
        (("AKIA1:  ",), "a reason is missing"),
        (("AKIA1:a", "AKIA1:b"), "twice"),
    ],
)
def test_nothing_is_left_out_silently(said: tuple[str, ...], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_exclusions(said, read_population("all", a_population()))


def test_the_id_of_a_draw_tells_its_inputs_apart() -> None:
    told = {"seed": "s", "n": 5, "strata": ("tier",), "exclusions": (Exclusion(item_id="a", reason="b"),)}
    others = [{"seed": "t"}, {"n": 6}, {"strata": ()}, {"exclusions": (Exclusion(item_id="a", reason="c"),)}]
    ids = {sample_id("p", **told), sample_id("q", **told), *(sample_id("p", **told | one) for one in others)}  # type: ignore[arg-type]
    assert len(ids) == 2 + len(others)
    assert sample_id("p", **told) == sample_id("p", **dict(reversed(told.items())))  # type: ignore[arg-type]


def test_only_the_operators_seed_is_called_not_independent() -> None:
    told = {one: sample_record.independence(one) for one in SeedSource}
    assert [one for one in SeedSource if "NOT INDEPENDENT" in told[one]] == [SeedSource.OPERATOR]


def test_the_draw_can_be_done_again_with_openssl_alone() -> None:
    """The command in the record is run as it stands; its seed has quotes, blanks and a dollar in it."""
    population = read_population("users", a_population())
    seed = 'it\'s $HOME `7` \\ "ä"'
    steps = sample_record.redo_by_hand(population, seed=seed, strata=(), exclusions=0)
    command = steps[1][steps[1].index("printf ") :]
    for item in ("AKIA1", ARN):
        said = subprocess.run(
            ["/bin/bash", "-c", command], env={"ID": item, "PATH": "/usr/bin:/bin"}, capture_output=True, check=True
        )
        assert said.stdout.decode().split()[-1] == sampling.rank(seed, population.sha256, item)


@pytest.mark.parametrize(
    ("item_id", "file"),
    [
        ("AKIA1", "items/001-AKIA1.json"),
        (ARN, "items/001-b-Xy12Ab.json"),
        ("../../etc/passwd", "items/001-etc-passwd.json"),
        ("\x1b[31m\u202e", "items/001-31m.json"),
        ("", "items/001-item.json"),
        ("..", "items/001-item.json"),
        ("A" * 500, f"items/001-{'A' * 60}.json"),
    ],
)
def test_no_id_leads_out_of_the_folder(item_id: str, file: str) -> None:
    assert sample_papers.item_file(Selected(number=1, item_id=item_id, stratum="", rank="")) == file
