"""VERIFY.md: how to check a pack without us, beginning with what only somebody outside the pack can tell."""

from collections.abc import Iterator

from prooftrail.evidence.assurance import WORDS, Assurance
from prooftrail.pack.integrity import adversaries as integrity_adversaries
from prooftrail.pack.view import PeriodView


def guide(period: PeriodView, *, verifier_sha256: str) -> str:
    """The text for this pack. It gives no fingerprint to compare with: one that travels with the pack proves nothing."""
    parts = (
        _outside(period),
        _run(period),
        _unsigned(),
        _by_hand(period, verifier_sha256),
        _one_row(),
        _again(period),
        _proves(period),
        _not_proved(period),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _outside(period: PeriodView) -> Iterator[str]:
    apart = period.assurance in (Assurance.TWO_ACCOUNTS, Assurance.WITNESSED)
    yield from (
        "# How to check this pack",
        "",
        "## 1. First, from outside the pack",
        "",
        "Whoever could forge this pack could forge every number in it. So get these from somebody else, by telephone, from a",
        "mail you received earlier, or from your notes of the last audit, and write down from whom and when:",
        "",
        "| What | Who can tell | Compare with |",
        "|---|---|---|",
        "| fingerprint of the signing key (64 digits) | who administers the key; the weekly mail prints it | `integrity/keys.json`"
        + (f", {len(period.keys)} keys: ask for the newest |" if len(period.keys) > 1 else " |"),
        f"| a head, `SEQ:SHA256`, of slot {period.head.seq} or before | the weekly mail; your notes; `prooftrail heads` elsewhere |"
        " `--expect-head` |",
    )
    if period.genesis.witness_public_key_pem:
        yield "| fingerprint of the watchdog's key | who administers the evidence account | `--witness-fingerprint` |"
    yield from (
        f"| SHA-256 of `integrity/pack.json` | whoever made this pack: `prooftrail handover` writes it down |"
        f" `sha256sum {'integrity/pack.json'}` |",
        "| SHA-256 of `verify.py` | the same, or the released version of the program | `sha256sum verify.py` |",
        "",
        "A changed `verify.py` cannot accuse itself. Run a copy that you have from elsewhere, or compare its SHA-256 first.",
        "",
        f"Assurance of this evidence: **{period.assurance.value}**: {WORDS[period.assurance]}."
        + ("" if apart else " Only a head that somebody else saw speaks against who holds the key."),
        "",
    )


def _run(period: PeriodView) -> Iterator[str]:
    witness = " --witness-fingerprint W" if period.genesis.witness_public_key_pem else ""
    yield from (
        "## 2. With verify.py",
        "",
        "Python 3.9 or newer, and `cryptography` or `openssl` for signatures; it says which it used. No network, no account.",
        "",
        f"    python3 -I verify.py --fingerprint F --expect-head SEQ:SHA256{witness} --rows",
        "",
        "| Exit status | Means |",
        "|---|---|",
        "| 0 | intact, and what you gave from outside agrees with it |",
        "| 1 | not intact: each file or slot that does not hold is named |",
        "| 3 | unreadable, or consistent with itself and not vouched for: nothing from outside was given, no tool for"
        " signatures, an unsigned pack, or manifests the watchdog did not see in time |",
        "| 2 | wrong use |",
        "",
        "`--rows` holds each row of 03, 04, 07 and 17 against the sealed line it cites, in the columns it prints as held, and"
        " counts that none was left out. Columns it prints as *only signed* are worked out from more than one line.",
        "",
    )


def _unsigned() -> Iterator[str]:
    yield from (
        "**Where verify.py says UNSIGNED**, whoever made the pack had no key of the chain. The chain's signatures vouch for its evidence, and with `--rows` for 03, 04, 07 and 17; nobody",
        "vouches for its other tables and the report. Get the SHA-256 of `integrity/pack.json` from who made it and give it with",
        "`--pack-sha256`, or have the pack made again (section 5). Without that the exit status is never 0.",
        "",
    )


def _by_hand(period: PeriodView, verifier_sha256: str) -> Iterator[str]:
    slot = f"evidence/chain/{period.head.seq:08d}.json"
    yield from (
        "## 3. By hand, with nothing of ours",
        "",
        f"`verify.py` as it was shipped has SHA-256 `{verifier_sha256}`.",
        "",
        "Every file, by the pack's own list (`python3 -m json.tool` or any viewer shows it):",
        "",
        "    cut -d'\"' -f4 integrity/pack.json | base64 -d > /tmp/statement.json",
        '    grep -o \'"path":"[^"]*","sha256":"[^"]*"\' /tmp/statement.json |'
        ' sed \'s/"path":"\\(.*\\)","sha256":"\\(.*\\)"/\\2  \\1/\' | sha256sum -c --quiet',
        "    find . -type f | wc -l      # one more than that list has lines: integrity/pack.json itself",
        "",
        "Its signature, and in the same way that of each slot of the chain. `F` is the fingerprint you were told:",
        "",
        "    sign() {  # file key.pem",
        '      cut -d\'"\' -f4 "$1" | base64 -d > /tmp/body',
        "      { printf 'DSSEv1 28 application/vnd.in-toto+json %s ' \"$(wc -c < /tmp/body | tr -d ' ')\"; cat /tmp/body; } > /tmp/signed",
        '      sed \'s/.*"sig":"\\([^"]*\\)".*/\\1/\' "$1" | base64 -d > /tmp/sig',
        '      openssl dgst -sha256 -verify "$2" -signature /tmp/sig /tmp/signed',
        "    }",
        "    openssl pkey -pubin -in integrity/public_key.pem -outform DER | sha256sum      # must be F",
        "    sign integrity/pack.json integrity/public_key.pem",
        f"    sign {slot} integrity/public_key.pem",
        f"    sha256sum {slot}      # the head: {period.head.seq}, and this",
        "",
        "Each slot names the one before by `previous.sha256`; each object stands in a manifest by `stored_sha256`:",
        "",
        f"    cut -d'\"' -f4 {slot} | base64 -d | grep -o '\"previous\":{{[^}}]*}}'".replace("{{", "{").replace(
            "}}", "}"
        ),
        "    sha256sum evidence/assessment/RUN/ACCOUNT/NAME.jsonl.gz; grep NAME integrity/evidence_index.csv",
        "    gunzip -c evidence/assessment/RUN/ACCOUNT/NAME.jsonl.gz | sha256sum      # must be NAME",
        "",
    )


def _one_row() -> Iterator[str]:
    yield from (
        "## 4. One row, to the bytes AWS sent",
        "",
        "    python3 -I verify.py --fingerprint F --row 07:123          # row -> sealed line -> manifest -> answers of AWS",
        "    python3 -I verify.py --fingerprint F --control A.5.18      # control -> counts -> a failing row -> the same",
        "    python3 -I verify.py --fingerprint F --sample 25_sample_ID.json      # draws a sample again",
        "",
        "It prints each command by which you get the same line yourself. Where an answer is not in this pack, it names the",
        "object and its hash: ask for that object, and compare.",
        "",
    )


def again(period: PeriodView, locker: str) -> str:
    """The command that makes the same pack once more: `locker` as a shell takes it, into a directory called AGAIN."""
    asked = period.options
    command = (
        f"prooftrail pack {locker} --from {asked.since} --to {asked.until} --head {period.head}"
        f" --framework {asked.framework}"
    )
    if asked.accounts is not None:
        command += f" --accounts {','.join(asked.accounts)}"
    command += " --pseudonymise" if asked.pseudonymise else ""
    command += " --carried-raw" if asked.carried_raw else ""
    command += " --request FILE" if asked.requests else ""
    return f"{command} -o AGAIN"


def _again(period: PeriodView) -> Iterator[str]:
    asked = period.options
    yield from (
        "## 5. The same pack again, from the locker",
        "",
        "The same head, options and version of the program give the same bytes: from the bucket, from a directory or from your",
        "own whole pull of it, and also when more was sealed since. Have it made before your eyes, or make it, and compare:",
        "",
        f"    {again(period, 'LOCKER')}",
        "    diff -rq . AGAIN      # integrity/pack.json and integrity/object_lock_status.json, or nothing",
        "    cut -d'\"' -f4 integrity/pack.json | base64 -d | sha256sum",
        "    prooftrail verify LOCKER --fingerprint F --deep --rederive      # judges every snapshot again",
        "",
        "`object_lock_status.json` tells the locks as they were observed where and when each pack was made; `pack.json` lists its",
        "hash. One thing may come later: words of the watchdog about slots up to this head. They are in `evidence/witness`, and",
        "what tells of them differs then. A copy that was pulled in part shows less, and says so on page one.",
        "",
        f"This pack was made by version `{period.code_version}`, code SHA-256 `{period.code_sha256}`"
        + (". It was made with `--request`: give the same file." if asked.requests else "."),
        "",
    )


def _proves(period: PeriodView) -> Iterator[str]:
    yield from (
        "## 6. What it proves",
        "",
        "With exit status 0, and what you gave from outside being true:",
        "",
        "- every byte of this pack is as it was when the holder of the signing key sealed it;",
        "- the evidence in it is what the manifests of the chain name, each manifest signed and naming the one before;",
        f"- nothing of the chain up to slot {period.head.seq} was changed, added or taken out since the head you were told of;",
        "- with `--rows`: 03, 04, 07 and 17 say what the sealed lines say, in the columns it prints as held, and leave no line out;",
        "- that the watchdog saw each manifest within 48 h, but for those of the last 48 h, where you gave its fingerprint."
        if period.genesis.witness_public_key_pem
        else "- no watchdog was to see this chain: nothing here bounds when a manifest was made.",
        "",
    )


def _not_proved(period: PeriodView) -> Iterator[str]:
    yield from (
        "## 7. What it does not prove",
        "",
        "- That AWS told the truth, or that what was read was all there is: see 02_population_reconciliation and 24_gaps.",
        "- That what was sealed was true when it was sealed. It cannot be changed afterwards; it could have been false then.",
        "- Redacted answers are not the bytes AWS sent: each counts what was replaced.",
        "- Anything of the time after the head, and anything that stands on page one as not covered.",
        *(
            ()
            if period.people_known
            else (
                "- That nobody can be recognised: people are under pseudonyms, and what identities are called in AWS is evidence and"
                " stays. An IAM user, a role or a session that is named after somebody still is.",
            )
        ),
        "- Object locks: `integrity/object_lock_status.json` is what the operator's copy was told. Ask S3 yourself.",
        "",
        f"Who could do what, in evidence that is **{period.assurance.value}**. *Declared* is what nothing in this pack shows."
        " Rows with the same act are to be read together.",
        "",
    )
    yield from integrity_adversaries.matrix(period.assurance)
