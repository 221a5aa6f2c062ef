"""Who could do what to the evidence, and what shows it: each cell is detected by something a test proves, or declared."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from prooftrail.evidence.assurance import Assurance


class Adversary(StrEnum):
    """Who tries."""

    OUTSIDER = "outsider"
    OWNER = "owner of identities"
    SCANNER = "administrator of the scanner's account"
    EVIDENCE = "administrator of the evidence account"
    BOTH = "both administrators"


class Act(StrEnum):
    """What is tried."""

    INSERT = "insert"
    ALTER = "alter"
    REMOVE = "remove"
    FORK = "fork"
    TRUNCATE = "truncate"
    BACKDATE = "back-date"
    RESIGN = "re-sign"
    LOOSEN = "loosen policy"


class Needs(StrEnum):
    """What an auditor must hold for it to show."""

    ALONE = "verify.py alone"
    ROWS = "verify.py --rows"
    FINGERPRINT = "the fingerprint from outside"
    HEAD = "a head from outside"
    WITNESS = "the watchdog's fingerprint from outside"
    NOTHING = "declared: not detected"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which an act shows, or does not. `proof` names the attack in tests/pack/test_adversaries.py that it rests on."""

    needs: Needs
    by: str
    proof: str | None = None


def _shown(needs: Needs, by: str, proof: str | None = None) -> Shown:
    return Shown(needs=needs, by=by, proof=proof)


_OLDER_PACK = _shown(
    Needs.HEAD, "an older pack that was true once: its head is older, and so are the dates on page one", "older pack"
)
_RESTATED = _shown(
    Needs.ALONE,
    "a statement rewritten to fit is signed by none of the chain's keys, or by nobody: exit status 1, or never 0",
    "statement rewritten",
)
_OUTSIDE: Mapping[Act, tuple[Shown, ...]] = {
    Act.INSERT: (
        _shown(Needs.ALONE, "the pack's statement lists every file, and this one it does not", "file added"),
        _RESTATED,
    ),
    Act.ALTER: (
        _shown(Needs.ALONE, "size and SHA-256 of every file stand in the statement", "file altered"),
        _RESTATED,
    ),
    Act.REMOVE: (_shown(Needs.ALONE, "the statement lists a file that is not there", "file removed"), _RESTATED),
    Act.FORK: (
        _shown(Needs.FINGERPRINT, "another chain needs another key, and yours is none of its", "fork by own key"),
    ),
    Act.TRUNCATE: (
        _shown(
            Needs.ALONE, "the signed statement names the head, and the chain ends before it", "chain cut by outsider"
        ),
        _OLDER_PACK,
    ),
    Act.BACKDATE: (_shown(Needs.FINGERPRINT, "a time is signed with the rest", "time altered by own key"),),
    Act.RESIGN: (_shown(Needs.FINGERPRINT, "it is signed with another key than yours", "re-signed by own key"),),
    Act.LOOSEN: (
        _shown(Needs.ALONE, "policy/ is listed in the statement as every file is", "policy altered"),
        _RESTATED,
    ),
}

_IN_AWS = _shown(
    Needs.NOTHING, "what is changed in AWS and put back between two runs is in no snapshot; CloudTrail has it"
)
_FROM_NOW_ON = _shown(
    Needs.NOTHING,
    "false content sealed from now on signs, links and is seen in time. Hold the code's hash against its source, and"
    " look at what CloudTrail recorded",
)
_SEALED_BEFORE = _shown(
    Needs.HEAD, "what lies below a head that somebody saw cannot be sealed anew", "rewritten by the true key"
)
_SEEN_BEFORE = _shown(Needs.WITNESS, "the watchdog's words name the head it saw", "rewritten, words kept")
_SEEN_NEVER = _shown(
    Needs.WITNESS,
    "words left out: manifests older than 48 h that no word pins, or no word at all: exit status 3",
    "rewritten, words left out",
)
_CLOSED_LATE = _shown(
    Needs.WITNESS,
    "with a later closing told, too: the age of a manifest is that of its run's name, tick or taking, if older",
    "rewritten and closed late",
)
_TAIL = _shown(
    Needs.NOTHING,
    "what was sealed in the last 48 h before the newest run, with the words about it left out: no word need have pinned"
    " it yet. A head from outside does",
)
_TABLES = _shown(
    Needs.ROWS,
    "the columns of 03, 04, 07 and 17 that it prints as held are compared with the sealed lines the rows cite",
    "false row, truly signed",
)
_HEADER = _shown(
    Needs.ROWS, "a register whose columns are not exactly those it has is not accepted", "column renamed, truly signed"
)
_OLDER_RESULTS = _shown(
    Needs.ROWS,
    "rows must rest on the newest object of each account that the manifests name",
    "older results, truly signed",
)
_ACCOUNT_OUT = _shown(
    Needs.ROWS,
    "an account left out of 03, 04, 07 and 17 and of the evidence: its newest objects are missed, by the manifests",
    "account left out, truly signed",
)
_OTHER_TABLES = _shown(
    Needs.NOTHING,
    "a false line in another table or in the report, or a column of 03, 04, 07 or 17 that --rows prints as only signed,"
    " signed with the true key: follow it to its evidence, or have the pack made again from the locker",
)
_HOLE = _shown(Needs.ALONE, "a slot that is gone, or a link that leads elsewhere", "slot removed, truly signed")
_LEFT_OUT = _shown(
    Needs.ALONE,
    "what manifests name and the pack lacks is counted by kind and run: a note to read, which leaves the exit status",
    "left out of the pack",
)
_CUT = _shown(Needs.HEAD, "the chain ends before a head that somebody saw", "cut by the true key")
_CUT_SEEN = _shown(Needs.WITNESS, "a word left in the pack names a head that is gone", "cut, words kept")
_CUT_UNSEEN = _shown(
    Needs.NOTHING, "without a head, an end cut off together with the words about it; page one then ends early"
)
_LATE = _shown(
    Needs.WITNESS, "a manifest first seen more than 48 h after its run, or its closing: exit status 3", "seen late"
)
_ORDER = _shown(Needs.ALONE, "a manifest closed before the one before it", "closed out of order")
_SOON = _shown(
    Needs.NOTHING,
    "by less than that, in a pack: it has no time of a store. In the bucket `prooftrail verify` compares with S3's own",
)
_ANY_TIME = _shown(
    Needs.NOTHING, "any time nobody else saw: no store's time is in a pack, and a directory's proves nothing"
)
_OWN_KEY = _shown(Needs.FINGERPRINT, "with another key: it is none of the chain's", "re-signed by own key")
_OLD_KEY = _shown(Needs.HEAD, "with an older key, going on from before its exchange", "fork by an exchanged key")
_STATED = _shown(
    Needs.ALONE,
    "policy/governance.json is not what the manifest of the run states by hash, or not there",
    "policy altered, truly signed",
)
_PARTS = _shown(
    Needs.ALONE,
    "another file of policy/ is not its part of governance.json, or the map of controls not the one that the assessments"
    " in the pack name",
    "parts of the policy altered, truly signed",
)
_POLICY_SIGNED = _shown(
    Needs.NOTHING,
    "README.md, risk_method.json and retention.json in policy/, and what 31_governance_changes says: only signed. The"
    " manifests say what was loosened",
)
_HIDDEN = _shown(
    Needs.NOTHING,
    "results under another policy than the sealed one, by code that hides it: `prooftrail verify --rederive` on the"
    " locker judges again",
)

_SIGNER: Mapping[Act, tuple[Shown, ...]] = {
    Act.INSERT: (_SEALED_BEFORE, _FROM_NOW_ON),
    Act.ALTER: (_TABLES, _HEADER, _OLDER_RESULTS, _SEALED_BEFORE, _OTHER_TABLES),
    Act.REMOVE: (_HOLE, _LEFT_OUT, _ACCOUNT_OUT, _SEALED_BEFORE),
    Act.FORK: (_SEALED_BEFORE, _OLD_KEY),
    Act.TRUNCATE: (_CUT, _CUT_UNSEEN),
    Act.BACKDATE: (_ORDER, _SEALED_BEFORE, _ANY_TIME),
    Act.RESIGN: (_OWN_KEY, _SEALED_BEFORE),
    Act.LOOSEN: (_STATED, _PARTS, _SEALED_BEFORE, _POLICY_SIGNED, _HIDDEN),
}
"""Whoever may sign, where nobody else looks."""

_SEEN = (_SEEN_BEFORE, _SEEN_NEVER, _TAIL)
_WATCHED: Mapping[Act, tuple[Shown, ...]] = {
    Act.INSERT: (_SEALED_BEFORE, *_SEEN, _FROM_NOW_ON),
    Act.ALTER: (_TABLES, _HEADER, _OLDER_RESULTS, _SEALED_BEFORE, *_SEEN, _OTHER_TABLES),
    Act.REMOVE: (_HOLE, _LEFT_OUT, _ACCOUNT_OUT, _SEALED_BEFORE, *_SEEN),
    Act.FORK: (_SEALED_BEFORE, *_SEEN, _OLD_KEY),
    Act.TRUNCATE: (_CUT, _CUT_SEEN, _CUT_UNSEEN),
    Act.BACKDATE: (_ORDER, _LATE, _CLOSED_LATE, _TAIL, _SOON),
    Act.RESIGN: (_OWN_KEY, _SEALED_BEFORE, *_SEEN),
    Act.LOOSEN: (_STATED, _PARTS, _SEALED_BEFORE, *_SEEN, _POLICY_SIGNED, _HIDDEN),
}
"""Whoever may sign, where a watchdog with a key of its own stands in another account."""


def shown(assurance: Assurance, adversary: Adversary, act: Act) -> tuple[Shown, ...]:
    """Every way in which the act of this adversary shows, or is declared not to, in evidence of this assurance."""
    if adversary is Adversary.OUTSIDER:
        return _OUTSIDE[act]
    if adversary is Adversary.OWNER:
        return (*_OUTSIDE[act], *((_IN_AWS,) if act in (Act.ALTER, Act.REMOVE) else ()))
    apart = assurance in (Assurance.TWO_ACCOUNTS, Assurance.WITNESSED)
    return (_WATCHED if apart and adversary is Adversary.SCANNER else _SIGNER)[act]


def proofs() -> frozenset[str]:
    """The attacks that some cell says are detected."""
    every = (one for level in Assurance for who in Adversary for act in Act for one in shown(level, who, act))
    return frozenset(one.proof for one in every if one.proof)


_WHO: Mapping[Adversary, Mapping[bool, str]] = {
    Adversary.OUTSIDER: dict.fromkeys((True, False), "holds a copy of the pack, and no key of the chain"),
    Adversary.OWNER: dict.fromkeys((True, False), "may change their own identities in AWS, and nothing in the locker"),
    Adversary.SCANNER: {
        True: "may have the scanner run other code, and so have anything signed; may write to the locker, not delete there",
        False: "holds the signing key, or may use it, and may write where the evidence lies",
    },
    Adversary.EVIDENCE: {
        True: "may use the signing key and the watchdog's, and write to the bucket; locked versions stay even so until their day",
        False: "here the same person as the one before: nothing stands between scanner and evidence",
    },
    Adversary.BOTH: {
        True: "may do what either may; only what a third party saw or recorded speaks against them",
        False: "here the same person as the one before",
    },
}


def matrix(assurance: Assurance) -> Iterator[str]:
    """The matrix in Markdown, a table for each adversary, true for evidence of this assurance."""
    apart = assurance in (Assurance.TWO_ACCOUNTS, Assurance.WITNESSED)
    for adversary in Adversary:
        yield f"### {adversary.value[0].upper()}{adversary.value[1:]}"
        yield ""
        yield f"Who: {_WHO[adversary][apart]}."
        yield ""
        if not apart and adversary in (Adversary.EVIDENCE, Adversary.BOTH):
            continue
        yield "| Tries to | Shows with | Because |"
        yield "|---|---|---|"
        for act in Act:
            for number, one in enumerate(shown(assurance, adversary, act)):
                needs = f"*{one.needs}*" if one.needs is Needs.NOTHING else one.needs.value
                yield f"| {act.value if number == 0 else ''} | {needs} | {one.by} |"
        yield ""
