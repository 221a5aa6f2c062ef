"""What every notifier promises, held against the fake, the console's outbox, SNS and SES."""

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from prooftrail.adapters.embedded.outbox import Outbox
from prooftrail.errors import NoticeError
from prooftrail.model.notice import ReachState
from prooftrail.ports.notices import Letter, Notifier
from tests.contracts.aws_post import ses_in_memory, sns_in_memory, sns_on
from tests.contracts.fakes import MemoryNotifier

RECIPIENT, ADDRESS = "person-1", "ada@example.com"


@dataclass(frozen=True)
class Post:
    """A notifier, whether it asks addresses to confirm, what makes one confirm, and what has arrived by now.

    `at_once` says that an emulator counts an address as confirmed as soon as it is asked, which SNS never does.
    """

    notifier: Notifier
    confirms: bool
    confirm: Callable[[str, str], None]
    arrived: Callable[[], list[str]]
    at_once: bool = False


def a_letter(number: int = 1) -> Letter:
    return Letter(id=f"{number:032x}", recipient=RECIPIENT, address=ADDRESS, subject="1 to do", text="Do it.\n")


def memory(_: pytest.FixtureRequest, __: Path) -> Post:
    fake = MemoryNotifier()

    def confirm(_: str, address: str) -> None:
        fake.states[address] = ReachState.CONFIRMED

    return Post(fake, confirms=True, confirm=confirm, arrived=lambda: [one.id for one in fake.arrived])


def console(_: pytest.FixtureRequest, folder: Path) -> Post:
    outbox = folder / "outbox"
    return Post(
        Outbox(outbox),
        confirms=False,
        confirm=lambda _, __: None,
        arrived=lambda: sorted(one.name.partition(".")[0] for one in outbox.iterdir()) if outbox.exists() else [],
    )


def sns(_: pytest.FixtureRequest, __: Path) -> Post:
    made = sns_in_memory()
    return Post(
        made.notifier,
        confirms=True,
        confirm=lambda _, address: made.sns.confirm(address) if made.sns else None,
        arrived=lambda: made.arrived,
    )


def ses(_: pytest.FixtureRequest, __: Path) -> Post:
    made = ses_in_memory()
    return Post(made.notifier, confirms=False, confirm=lambda _, __: None, arrived=lambda: made.arrived)


def emulated(server: str) -> Callable[[pytest.FixtureRequest, Path], Post]:
    """SNS and SQS of an emulator."""

    def made_on(request: pytest.FixtureRequest, _: Path) -> Post:
        made = sns_on(request.getfixturevalue(server))
        return Post(
            made.notifier, confirms=True, confirm=lambda _, __: None, arrived=lambda: made.arrived, at_once=True
        )

    return made_on


NOTIFIERS: dict[str, Callable[[pytest.FixtureRequest, Path], Post]] = {
    "memory": memory,
    "console": console,
    "sns": sns,
    "ses": ses,
    "moto": emulated("moto"),
    "ministack": emulated("ministack"),
}
"""Every notifier, by name; a new one joins here."""


@pytest.fixture(params=list(NOTIFIERS))
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Post:
    return NOTIFIERS[request.param](request, tmp_path)


def reachable(post: Post) -> Notifier:
    post.notifier.invite(RECIPIENT, ADDRESS)
    post.confirm(RECIPIENT, ADDRESS)
    return post.notifier


def test_an_address_has_to_confirm_where_the_notifier_asks_for_it_and_nowhere_else(post: Post) -> None:
    first = ReachState.PENDING if post.confirms else ReachState.DIRECT
    assert post.notifier.state(RECIPIENT, ADDRESS).state is first
    asked = ReachState.CONFIRMED if post.at_once else first
    assert post.notifier.invite(RECIPIENT, ADDRESS).state is asked
    post.confirm(RECIPIENT, ADDRESS)
    assert post.notifier.state(RECIPIENT, ADDRESS).state is (
        ReachState.CONFIRMED if post.confirms else ReachState.DIRECT
    )


def test_being_asked_again_changes_nothing(post: Post) -> None:
    notifier = reachable(post)
    before = notifier.state(RECIPIENT, ADDRESS)
    assert notifier.invite(RECIPIENT, ADDRESS) == before


def test_a_letter_arrives_and_leaves_a_receipt_with_the_id_it_was_given(post: Post) -> None:
    notifier = reachable(post)
    assert list(notifier.receipts()) == []
    message_id = notifier.send(a_letter())
    assert message_id
    assert list(notifier.receipts()) == [(a_letter().id, message_id)]
    assert post.arrived() == [a_letter().id]


def test_a_receipt_is_given_until_it_is_let_go_of(post: Post) -> None:
    notifier = reachable(post)
    sent = {a_letter(n).id: notifier.send(a_letter(n)) for n in (1, 2)}
    assert dict(notifier.receipts()) == sent
    assert dict(notifier.receipts()) == sent
    notifier.forget((a_letter(1).id,))
    assert dict(notifier.receipts()) == {a_letter(2).id: sent[a_letter(2).id]}
    notifier.forget((a_letter(1).id, a_letter(2).id, a_letter(3).id))
    assert list(notifier.receipts()) == []
    assert sorted(post.arrived()) == sorted(sent)


def test_the_outbox_holds_each_letter_once_as_a_person_reads_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    for _ in range(2):
        outbox.send(a_letter())
    outbox.forget((a_letter().id,))
    outbox.send(a_letter())
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.name == f"{a_letter().id}.txt"
    assert file.read_text(encoding="utf-8") == f"To: {ADDRESS}\nSubject: 1 to do\n\nDo it.\n\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_an_address_of_two_lines_is_one_in_the_outbox(tmp_path: Path) -> None:
    hostile = Letter(id="a" * 32, recipient="p", address="a@b\nSubject: paid", subject="x\r\ny", text="t")
    Outbox(tmp_path / "outbox").send(hostile)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.read_text(encoding="utf-8").splitlines()[:3] == ["To: a@b Subject: paid", "Subject: x y", ""]


@pytest.mark.parametrize("notice", ["../x", "a" * 31, "A" * 32, ""])
def test_the_outbox_takes_no_name_that_leads_elsewhere(tmp_path: Path, notice: str) -> None:
    with pytest.raises(NoticeError, match="is no notice"):
        Outbox(tmp_path / "outbox").send(Letter(id=notice, recipient="p", address="a@b", subject="s", text="t"))


def test_an_outbox_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(NoticeError, match="outbox cannot be written"):
        Outbox(tmp_path / "outbox").send(a_letter())
    with pytest.raises(NoticeError, match="outbox cannot be read"):
        list(Outbox(tmp_path / "outbox").receipts())
