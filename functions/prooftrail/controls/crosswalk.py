"""Finds controls by what they answer to: an id of a framework, however people write it, or the control's own id."""

import re
from collections.abc import Iterator

import msgspec

from .catalog import Catalog, Control

_OWN = re.compile(r"IDC-?(\d{1,2})")
_OWASP = re.compile(r"NHI-?0*([1-9]|10)(:2025)?")
_ROTATION_ALIAS = re.compile(r"NHI-0?3|NHI03|ROTATION")

_SHAPES = (
    re.compile(r"IDC-\d+"),
    re.compile(r"A\.\d\.\d{1,2}"),
    re.compile(r"NHI\d{1,2}(:2025)?"),
    re.compile(r"[A-Z]{2}-\d{1,2}(\(\d{1,2}\))?"),
    re.compile(r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d{2}"),
    re.compile(r"(GOVERN|MAP|MEASURE|MANAGE) \d\.\d{1,2}"),
    re.compile(r"CC\d\.\d"),
    re.compile(r"(GV|ID|PR|DE|RS|RC)(\.[A-Z]{2})?"),
    re.compile(r"(CIS )?\d{1,2}(\.\d{1,2}){0,2}"),
    re.compile(r"\d{2}\(\d\)(\([A-Z]\))?"),
)
"""How ids of frameworks look, so that one which no control answers to is told from a name nobody knows."""

FRAMEWORKS = {
    "iso27001_2022": "ISO/IEC 27001:2022",
    "csf_2_0": "NIST CSF 2.0",
    "sp800_53_r5": "NIST SP 800-53 r5",
    "owasp_nhi_2025": "OWASP NHI Top 10 2025",
    "ai_rmf_1_0": "NIST AI RMF 1.0 (governance analogue, except for AI workloads)",
    "cis_aws": "CIS AWS Foundations Benchmark",
    "soc2": "SOC 2",
    "pci_dss_4": "PCI DSS 4",
    "nis2": "NIS2",
}
"""The frameworks of the crosswalk by their key in the catalog."""

ALIAS = (
    "NHI-03 is often quoted for rotation, but NHI3:2025 is about vulnerable third parties. Rotation and expiry are"
    " NHI7:2025, the end of life NHI1:2025, exposure NHI2:2025: the controls of those three follow. For the official"
    " entry ask for NHI3:2025."
)
_ALIASED = ("NHI7:2025", "NHI1:2025", "NHI2:2025")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a name stands for: the ids it resolved to, the controls that answer to them, and what must be said about it."""

    asked: str
    ids: tuple[str, ...]
    controls: tuple[Control, ...]
    heading: str
    note: str | None = None


def by_framework(control: Control) -> Iterator[tuple[str, str]]:
    """Every (framework key, id) a control answers to; CIS ids with their benchmark version."""
    one = control.crosswalk
    for key in FRAMEWORKS:
        if key == "cis_aws":
            yield from ((key, f"{version} {each}") for version, ids in one.cis_aws.items() for each in ids)
        else:
            yield from ((key, each) for each in getattr(one, key))


def ids_of(control: Control) -> tuple[str, ...]:
    """Every id a control answers to, ISO first."""
    return tuple(each for _, each in by_framework(control))


def find(catalog: Catalog, asked: str) -> Named | None:
    """The controls that go by `asked`: `IDC-15`, `A.5.18`, `5.18`, `AC-2(3)`, `NHI7:2025`, `NHI-03` …; None where none does.

    `NHI-03` and `rotation` are read as what people mean by them, and the note says so.
    """
    text = re.sub(r"\s+", " ", asked.strip()).upper()
    if own := _OWN.fullmatch(text):
        wanted = f"IDC-{int(own[1]):02d}"
        found = tuple(one for one in catalog.controls if one.id == wanted)
        return Named(asked=asked, ids=(wanted,), controls=found, heading=wanted) if found else None
    if _ROTATION_ALIAS.fullmatch(text):
        return _named(catalog, asked, _ALIASED, note=ALIAS)
    if owasp := _OWASP.fullmatch(text):
        return _named(catalog, asked, (f"NHI{owasp[1]}:2025",))
    spelt = {text, f"A.{text}"} if re.fullmatch(r"[5-8]\.\d{1,2}", text) else {text}
    return _named(catalog, asked, tuple(sorted(spelt)))


def looks_like_an_id(asked: str) -> bool:
    """True for what is written like an id of a framework or a control, whether or not any control answers to it."""
    return any(shape.fullmatch(asked.strip().upper()) for shape in _SHAPES)


def _named(catalog: Catalog, asked: str, ids: tuple[str, ...], note: str | None = None) -> Named | None:
    known = {each.upper(): each for one in catalog.controls for each in ids_of(one)}
    real = tuple(known[one.upper()] for one in ids if one.upper() in known)
    found = tuple(one for one in catalog.controls if set(real) & set(ids_of(one)))
    if not found:
        return None
    keys = {key for one in found for key, each in by_framework(one) if each in real}
    frameworks = ", ".join(FRAMEWORKS[key] for key in FRAMEWORKS if key in keys)
    return Named(asked=asked, ids=real, controls=found, heading=f"{', '.join(real)} ({frameworks})", note=note)
