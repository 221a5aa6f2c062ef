"""Which answers are about a matter."""

from prooftrail.notices import answers
from tests.notices.letters import a_matter
from tests.notices.people import a_day, an_answer


def test_an_answer_is_about_the_findings_it_names_and_nothing_else() -> None:
    mine = a_matter()
    named = an_answer(0, matters=(mine.id, mine.id)), an_answer(1, matters=("b" * 32, mine.id))
    others = an_answer(2, matters=("b" * 32,), identities=(mine.identity, mine.subject))
    assert answers.Answers((named[0], others, named[1])).to(mine) == named


def test_a_day_is_read_once_however_many_ask() -> None:
    day = a_day(0, answers=(an_answer(0, matters=("b" * 32,)),))
    assert answers.of(day) is answers.of(day)
