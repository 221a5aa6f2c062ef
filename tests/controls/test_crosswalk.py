"""Controls are found by what people call them, and a wrong alias is put right rather than followed."""

import pytest

from prooftrail.controls import crosswalk, parsing

CATALOG = parsing.parse(parsing.shipped())


def found(asked: str) -> tuple[str, ...]:
    """The ids of the controls that answer to a name."""
    named = crosswalk.find(CATALOG, asked)
    return () if named is None else tuple(one.id for one in named.controls)


@pytest.mark.parametrize("asked", ["IDC-15", "idc-15", "IDC15", " idc-15 "])
def test_a_control_answers_to_its_own_id_however_it_is_typed(asked: str) -> None:
    assert found(asked) == ("IDC-15",)


@pytest.mark.parametrize("asked", ["A.5.18", "a.5.18", "5.18"])
def test_an_annex_a_id_finds_every_control_that_supports_it(asked: str) -> None:
    ids = found(asked)
    assert {"IDC-07", "IDC-08", "IDC-31"} <= set(ids)
    assert all("A.5.18" in one.crosswalk.iso27001_2022 for one in CATALOG.controls if one.id in ids)


def test_nhi_03_is_read_as_rotation_and_says_what_it_really_is() -> None:
    named = crosswalk.find(CATALOG, "NHI-03")
    assert named is not None
    assert named.ids == ("NHI7:2025", "NHI1:2025", "NHI2:2025")
    assert named.note is not None
    assert "NHI3:2025 is about vulnerable third parties" in named.note
    assert {"IDC-15", "IDC-17"} <= {one.id for one in named.controls}


def test_the_official_entry_of_that_number_is_another_one() -> None:
    assert found("NHI3:2025") == ("IDC-26",)
    assert "IDC-15" not in found("NHI3:2025")


@pytest.mark.parametrize("asked", ["AC-2(3)", "ac-2(3)", "PR.AA-05", "CC6.1", "v5.0.0 1.13", "6.1.2", "8.6.3"])
def test_every_framework_can_be_asked(asked: str) -> None:
    assert found(asked)


@pytest.mark.parametrize("asked", ["IDC-99", "A.9.99", "svc-billing", "", "NHI11", "arn:aws:iam::1:role/x"])
def test_what_is_no_id_finds_nothing(asked: str) -> None:
    assert crosswalk.find(CATALOG, asked) is None


def test_every_id_of_every_control_leads_back_to_it() -> None:
    lost = [
        (control.id, each)
        for control in CATALOG.controls
        for each in crosswalk.ids_of(control)
        if control.id not in found(each)
    ]
    assert lost == []
