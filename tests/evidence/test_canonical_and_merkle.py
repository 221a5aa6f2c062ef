"""The bytes that are hashed, and the one hash that names many: each held against an independent implementation."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from prooftrail.evidence import merkle
from prooftrail.model import canonical

_ascii_keys = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ascii_keys, inner, max_size=4),
    max_leaves=20,
)


@given(_json)
def test_canonical_bytes_are_those_of_rfc_8785(value: object) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(_json)
def test_reading_canonical_bytes_and_writing_them_again_changes_nothing(value: object) -> None:
    once = canonical.encode(value)
    assert canonical.encode(canonical.decode(once, object)) == once


def test_a_lone_surrogate_is_refused_rather_than_sealed() -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical.encode({"name": "\ud800"})


def test_a_time_is_sealed_in_utc_with_z() -> None:
    two_hours_east = datetime(2026, 11, 22, 8, 0, tzinfo=timezone(timedelta(hours=2)))
    assert canonical.encode(canonical.utc(two_hours_east)) == b'"2026-11-22T06:00:00Z"'
    assert canonical.timestamp(two_hours_east) == "2026-11-22T06:00:00Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        canonical.utc(datetime(2026, 11, 22))


def test_a_run_id_is_its_tick_and_gives_it_back() -> None:
    tick = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    assert canonical.run_id(tick) == "20261122T060000Z"
    assert canonical.tick_of("20261122T060000Z") == tick


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33, 100])
def test_the_merkle_root_is_that_of_rfc_6962(size: int) -> None:
    leaves = [f"leaf {number}".encode() for number in range(size)]
    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    root = tree.get_root() if hasattr(tree, "get_root") else tree.get_state()
    assert merkle.root(leaves) == root.digest.hex() if hasattr(root, "digest") else root.hex()


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert merkle.root([]) == hashlib.sha256(b"").hexdigest()


def test_the_root_depends_on_order_and_on_every_leaf() -> None:
    assert len({merkle.root(leaves) for leaves in ([b"a", b"b"], [b"b", b"a"], [b"a"], [b"a", b"b", b"b"])}) == 4
