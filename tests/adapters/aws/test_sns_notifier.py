"""What the SNS notifier sees to: one confirmed address hears a notice, nobody listens in, and nothing is sent twice."""

import json
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from prooftrail.adapters.aws.sns_notifier import MOST_BYTES, MUTED, NOT_ASKED, SnsNotifier, Topics
from prooftrail.errors import AccessError, NoticeError, ProoftrailError
from prooftrail.model.notice import ReachState
from prooftrail.ports.notices import Invitation, Letter
from tests.adapters.aws.subscribers import Sns, refusal

BOB, EVE = "bob@example.com", "eve@example.org"
OWNER = "owner:5f0c2f6a"
QUEUE = "arn:aws:sqs:eu-central-1:111111111111:prooftrail-dev-receipts"
KEY = "arn:aws:kms:eu-central-1:111111111111:alias/prooftrail-dev-notices"
SENDER = "arn:aws:iam::111111111111:role/prooftrail/Prooftrail-dev-Notify"
TOPICS = Topics("prooftrail-dev-owner", "111111111111", "aws", "eu-central-1", KEY, SENDER)
CONFIRMED, PENDING = Invitation(state=ReachState.CONFIRMED), Invitation(state=ReachState.PENDING)
LETTER = Letter(id="ab" * 32, recipient=OWNER, address=BOB, subject="3 keys to rotate", text="Grüße,\nrotate them.")


def notifier(sns: Sns, waited: list[float] | None = None) -> SnsNotifier:
    clients: Any = sns
    pause = (waited if waited is not None else []).append
    receipts: Any = None
    return SnsNotifier(clients, topics=TOPICS, receipts_queue_arn=QUEUE, receipts=receipts, pause=pause)


def confirmed() -> Sns:
    """An SNS in which the owner's address has confirmed."""
    sns = Sns()
    notifier(sns).invite(OWNER, BOB)
    sns.confirm(BOB)
    sns.asked.clear()
    return sns


def listens(sns: Sns, protocol: str, endpoint: str, arn: str = "arn:aws:sns:eu-central-1:111111111111:other:1") -> None:
    sns.topics[TOPICS.arn(OWNER)].append({"Protocol": protocol, "Endpoint": endpoint, "SubscriptionArn": arn})


def test_a_topic_is_named_by_a_hash_alone_and_each_recipient_has_its_own() -> None:
    arn = TOPICS.arn(OWNER)
    assert arn.removeprefix("arn:aws:sns:eu-central-1:111111111111:prooftrail-dev-owner-").isalnum()
    assert len(arn.rpartition("-")[2]) == 32
    assert OWNER not in arn
    assert TOPICS.arn("owner:5f0c2f6b") != arn


def test_a_topic_is_made_encrypted_and_lets_only_the_sender_in_and_only_encrypted() -> None:
    sns = Sns()
    notifier(sns).invite(OWNER, BOB)
    made = sns.made_with[TOPICS.arn(OWNER)]
    assert (made["DisplayName"], made["KmsMasterKeyId"]) == ("Prooftrail", KEY)
    statements = {one["Sid"]: one for one in json.loads(made["Policy"])["Statement"]}
    assert {sid: one["Effect"] for sid, one in statements.items()} == {
        "TheSenderUsesIt": "Allow",
        "NobodyElseMailsOrListens": "Deny",
        "OnlyEncrypted": "Deny",
    }
    assert statements["TheSenderUsesIt"]["Condition"] == {"ArnEquals": {"aws:PrincipalArn": SENDER}}
    alone = ["sns:AddPermission", "sns:Publish", "sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe"]
    assert statements["NobodyElseMailsOrListens"]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": SENDER}}
    assert statements["NobodyElseMailsOrListens"]["Action"] == alone
    used = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", *alone]
    assert statements["TheSenderUsesIt"]["Action"] == used
    assert statements["OnlyEncrypted"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {one["Resource"] for one in statements.values()} == {TOPICS.arn(OWNER)}


def test_an_address_is_pending_until_it_confirms_and_is_known_to_have_taken_itself_off_while_sns_says_so() -> None:
    sns = Sns()
    told = notifier(sns)
    assert told.state(OWNER, BOB) == Invitation(state=ReachState.PENDING, detail=NOT_ASKED)
    assert told.invite(OWNER, BOB) == PENDING
    assert told.state(OWNER, BOB) == PENDING
    sns.confirm(BOB)
    assert told.state(OWNER, BOB) == CONFIRMED
    sns.take_off(BOB)
    assert told.state(OWNER, BOB) == Invitation(state=ReachState.UNSUBSCRIBED)
    sns.topics[TOPICS.arn(OWNER)].clear()
    assert told.state(OWNER, BOB) == Invitation(state=ReachState.PENDING, detail=NOT_ASKED)


def test_a_topic_is_made_once_and_an_address_that_confirmed_is_not_asked_again() -> None:
    sns = confirmed()
    assert notifier(sns).invite(OWNER, BOB) == CONFIRMED
    assert sns.asked == ["get_topic_attributes", "list_subscriptions_by_topic", *["get_subscription_attributes"] * 2]


def test_who_took_themselves_off_is_asked_again() -> None:
    sns = confirmed()
    sns.take_off(BOB)
    assert notifier(sns).invite(OWNER, BOB) == PENDING
    sns.confirm(BOB)
    assert notifier(sns).state(OWNER, BOB) == CONFIRMED


@pytest.mark.parametrize("page", [1, 2, 100])
def test_all_pages_of_subscriptions_count(page: int) -> None:
    sns = confirmed()
    sns.page = page
    assert notifier(sns).state(OWNER, BOB) == CONFIRMED


def test_a_list_without_end_is_given_up_and_sends_nothing() -> None:
    sns = confirmed()
    sns.list_subscriptions_by_topic = lambda **_: {"NextToken": "again"}  # type: ignore[method-assign]
    with pytest.raises(NoticeError, match="without end"):
        notifier(sns).send(LETTER)
    assert sns.published == []


def test_another_spelling_of_the_same_address_is_the_same_address() -> None:
    assert notifier(confirmed()).state(OWNER, "Bob@Example.com") == CONFIRMED


def test_one_mailbox_that_is_subscribed_in_two_spellings_is_mailed_once() -> None:
    sns = confirmed()
    listens(sns, "email", "BOB@example.com")
    notifier(sns).send(LETTER)
    assert sns.published[0]["reached"] == [QUEUE, BOB]


def test_a_letter_is_mailed_and_the_queue_is_given_the_notices_id_alone() -> None:
    sns = confirmed()
    assert notifier(sns).send(LETTER) == "m-1"
    (published,) = sns.published
    assert published["TopicArn"] == TOPICS.arn(OWNER)
    assert published["Subject"] == "3 keys to rotate"
    assert published["MessageStructure"] == "json"
    assert json.loads(published["Message"]) == {"default": f'{{"notice":"{LETTER.id}"}}', "email": LETTER.text}
    assert published["reached"] == [QUEUE, BOB]


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("email", EVE),
        ("email-json", BOB),
        ("https", "https://example.org/listen"),
        ("sqs", "arn:aws:sqs:eu-central-1:111111111111:other"),
        ("lambda", "arn:aws:lambda:eu-central-1:111111111111:function:other"),
    ],
)
def test_whoever_else_listens_on_a_topic_is_put_off_before_anything_is_published(protocol: str, endpoint: str) -> None:
    sns = confirmed()
    listens(sns, protocol, endpoint)
    notifier(sns).send(LETTER)
    looked = ["list_subscriptions_by_topic", *["get_subscription_attributes"] * 2]
    assert sns.asked == ["get_topic_attributes", *looked, "unsubscribe", *looked, "publish"]
    assert sns.published[0]["reached"] == [QUEUE, BOB]
    assert sns.listeners() == [QUEUE, BOB]


@pytest.mark.parametrize(("lingering", "waited"), [(0, []), (1, [1.0]), (3, [1.0, 2.0, 4.0])])
def test_who_was_put_off_has_to_be_gone_from_the_list_before_anything_is_published(
    lingering: int, waited: list[float]
) -> None:
    sns, seconds = confirmed(), list[float]()
    listens(sns, "email", EVE)
    sns.lingering = lingering
    notifier(sns, seconds).send(LETTER)
    assert (seconds, sns.asked.count("unsubscribe")) == (waited, 1)
    assert sns.published[0]["reached"] == [QUEUE, BOB]


def test_nothing_is_published_while_somebody_who_was_put_off_is_still_listed() -> None:
    sns, seconds = confirmed(), list[float]()
    listens(sns, "email", EVE)
    sns.lingering = 4
    with pytest.raises(NoticeError, match=f"somebody else still listens to what {OWNER} is sent: nothing was sent"):
        notifier(sns, seconds).send(LETTER)
    assert (sns.published, seconds) == ([], [1.0, 2.0, 4.0])


def test_who_confirms_while_another_is_put_off_is_put_off_as_well() -> None:
    sns = confirmed()
    listens(sns, "https", "https://example.org/listen")
    listens(sns, "email", EVE, "PendingConfirmation")
    put_off = sns.unsubscribe

    def and_eve_confirms(**given: str) -> dict[str, str]:
        sns.confirm(EVE)
        return put_off(**given)

    sns.unsubscribe = and_eve_confirms  # type: ignore[method-assign]
    notifier(sns).send(LETTER)
    assert sns.asked.count("unsubscribe") == 2
    assert sns.published[0]["reached"] == [QUEUE, BOB]


FILTER = '{"never": ["matches"]}'


@pytest.mark.parametrize("filtered", [FILTER, "{}", ""])
def test_an_address_whose_subscription_delivers_nothing_is_no_confirmed_one_and_is_asked_anew(filtered: str) -> None:
    sns = confirmed()
    sns.mute(BOB, FilterPolicy=filtered)
    if filtered != FILTER:
        assert notifier(sns).state(OWNER, BOB) == CONFIRMED
        return
    assert notifier(sns).state(OWNER, BOB) == Invitation(state=ReachState.PENDING, detail=MUTED)
    assert notifier(sns).state(OWNER, BOB) == PENDING
    assert sns.listeners() == [QUEUE]
    sns.confirm(BOB)
    assert notifier(sns).state(OWNER, BOB) == CONFIRMED
    notifier(sns).send(LETTER)
    assert sns.published[0]["reached"] == [QUEUE, BOB]


def test_a_letter_is_never_published_to_an_address_that_would_not_get_it() -> None:
    sns = confirmed()
    sns.mute(BOB, FilterPolicy=FILTER)
    with pytest.raises(NoticeError, match=f"nothing was sent to {OWNER}: a filter kept what is sent from arriving"):
        notifier(sns).send(LETTER)
    assert sns.published == []
    assert notifier(sns).state(OWNER, BOB) == PENDING


@pytest.mark.parametrize("attributes", [{"FilterPolicy": FILTER}, {"RawMessageDelivery": "true"}])
def test_a_queue_that_would_not_get_the_receipt_is_subscribed_anew_first(attributes: dict[str, str]) -> None:
    sns = confirmed()
    sns.mute(QUEUE, **attributes)
    notifier(sns).send(LETTER)
    assert sns.asked.count("subscribe") == 1
    assert sns.published[0]["reached"] == [QUEUE, BOB]
    assert [row["Endpoint"] for row in sns.topics[TOPICS.arn(OWNER)]] == [BOB, QUEUE]


@pytest.mark.parametrize("changed", ["Policy", "KmsMasterKeyId"])
@pytest.mark.parametrize("value", ["", "{}", '{"Statement": [7]}', '{"Statement": "*"}'])
def test_a_topic_that_was_changed_is_made_as_it_was_before_anything_is_published(changed: str, value: str) -> None:
    sns = confirmed()
    before = dict(sns.made_with[TOPICS.arn(OWNER)])
    sns.made_with[TOPICS.arn(OWNER)][changed] = value
    notifier(sns).send(LETTER)
    assert sns.made_with[TOPICS.arn(OWNER)] == before
    assert sns.asked[:3] == ["get_topic_attributes", "set_topic_attributes", "list_subscriptions_by_topic"]
    assert sns.published[0]["reached"] == [QUEUE, BOB]


def test_a_topic_of_before_others_were_kept_from_subscribing_is_given_todays_policy() -> None:
    sns = confirmed()
    made = sns.made_with[TOPICS.arn(OWNER)]
    wanted, before = made["Policy"], json.loads(made["Policy"])
    before["Statement"][1] |= {"Sid": "NobodyElseMails", "Action": ["sns:Publish"]}
    made["Policy"] = json.dumps(before)
    notifier(sns).invite(OWNER, BOB)
    assert made["Policy"] == wanted


def test_a_policy_that_sns_gives_back_in_other_words_is_the_same() -> None:
    sns = confirmed()
    made = sns.made_with[TOPICS.arn(OWNER)]
    told = json.loads(made["Policy"])
    for one in told["Statement"]:
        one["Action"] = [each.replace("sns:", "SNS:") for each in reversed(one["Action"])]
    told["Statement"][2]["Action"] = told["Statement"][2]["Action"][0]
    told["Statement"].reverse()
    made["Policy"] = json.dumps(told, indent=1)
    notifier(sns).send(LETTER)
    assert "set_topic_attributes" not in sns.asked


def test_somebody_who_cannot_be_put_off_keeps_the_letter_from_being_published() -> None:
    sns = confirmed()
    listens(sns, "email", EVE)
    sns.refuse["unsubscribe"] = refusal("AuthorizationError", status=403)
    with pytest.raises(NoticeError, match=r"sns:Unsubscribe .* \(AuthorizationError\): allow it"):
        notifier(sns).send(LETTER)
    assert sns.published == []


def test_whoever_was_never_confirmed_cannot_be_put_off_hears_nothing_and_is_put_off_once_confirmed() -> None:
    sns = confirmed()
    listens(sns, "email", EVE, "PendingConfirmation")
    notifier(sns).send(LETTER)
    sns.confirm(EVE)
    notifier(sns).send(LETTER)
    assert [one["reached"] for one in sns.published] == [[QUEUE, BOB], [QUEUE, BOB]]
    assert sns.listeners() == [QUEUE, BOB]


def test_only_the_protocol_of_mail_is_given_the_text_so_that_a_latecomer_by_another_learns_nothing() -> None:
    sns = confirmed()
    notifier(sns).send(LETTER)
    shown = json.loads(sns.published[0]["Message"])
    assert [protocol for protocol, text in shown.items() if LETTER.text in text] == ["email"]


def test_an_address_that_changed_hears_nothing_more_once_the_new_one_is_asked() -> None:
    sns = confirmed()
    assert notifier(sns).invite(OWNER, EVE) == PENDING
    assert sns.listeners() == [QUEUE]
    with pytest.raises(NoticeError, match="not confirmed any more"):
        notifier(sns).send(LETTER)
    sns.confirm(EVE)
    assert sns.listeners() == [QUEUE, EVE]


def test_a_letter_is_never_published_to_a_topic_that_no_confirmed_address_hears() -> None:
    sns = confirmed()
    sns.take_off(BOB)
    with pytest.raises(NoticeError, match=f"the address of {OWNER} is not confirmed any more: nothing was sent"):
        notifier(sns).send(LETTER)
    assert sns.published == []


def test_the_queue_is_subscribed_again_before_a_letter_is_published_without_a_receipt() -> None:
    sns = confirmed()
    sns.topics[TOPICS.arn(OWNER)] = [one for one in sns.topics[TOPICS.arn(OWNER)] if one["Protocol"] != "sqs"]
    notifier(sns).send(LETTER)
    assert sns.published[0]["reached"] == [QUEUE, BOB]


@pytest.mark.parametrize(("over", "sent"), [(0, True), (1, False)])
def test_a_letter_may_be_as_long_as_sns_takes(over: int, sent: bool) -> None:
    sns = confirmed()
    rest = len(json.dumps({"default": f'{{"notice":"{LETTER.id}"}}', "email": ""}, separators=(",", ":")))
    text = "x" * (MOST_BYTES - rest + over)
    letter = Letter(id=LETTER.id, recipient=OWNER, address=BOB, subject="s", text=text)
    if sent:
        assert notifier(sns).send(letter) == "m-1"
        assert len(sns.published[0]["Message"].encode()) == MOST_BYTES
    else:
        with pytest.raises(NoticeError, match="longer than the 256 KiB"):
            notifier(sns).send(letter)
        assert sns.published == []


@pytest.mark.parametrize(
    ("subject", "taken"),
    [
        ("s", True),
        ("s" * 99, True),
        ("", False),
        ("s" * 100, False),
        ("Grüße", False),
        ("a\nBcc: eve@example.org", False),
        ("a\rb", False),
        ("a\x1b[31m", False),
        ("a\x7f", False),
    ],
)
def test_a_subject_is_one_short_line_of_plain_characters(subject: str, taken: bool) -> None:
    sns = confirmed()
    letter = Letter(id=LETTER.id, recipient=OWNER, address=BOB, subject=subject, text="t")
    if taken:
        assert notifier(sns).send(letter) == "m-1"
    else:
        with pytest.raises(NoticeError, match="1 to 99 plain ASCII characters: nothing was sent"):
            notifier(sns).send(letter)
        assert sns.asked == []


@pytest.mark.parametrize(
    "address",
    ["", "bob", "bob@", "@example.com", "a@b.c,d@e.f", "a@b.c d@e.f", "Bob <a@b.c>", "a@b.c\nd", '"a"@b.c', "a@b@c"],
)
def test_what_is_not_one_address_is_never_subscribed(address: str) -> None:
    sns = Sns()
    with pytest.raises(NoticeError, match=f"the address of {OWNER} is not one e-mail address"):
        notifier(sns).invite(OWNER, address)
    assert sns.asked == []


@pytest.mark.parametrize(
    "failure",
    [
        refusal("InternalError", status=500),
        refusal("ServiceUnavailable", status=503),
        refusal("RequestTimeout", status=408),
        ReadTimeoutError(endpoint_url="https://sns"),
        ConnectTimeoutError(endpoint_url="https://sns"),
    ],
    ids=["500", "503", "408", "read timeout", "connect timeout"],
)
def test_a_publish_without_an_answer_is_tried_once_and_is_no_refusal(failure: Exception) -> None:
    sns, waited = confirmed(), list[float]()
    sns.refuse["publish"] = failure
    with pytest.raises(AccessError, match=f"whether sns:Publish for {OWNER} was taken is not known") as raised:
        notifier(sns, waited).send(LETTER)
    assert not isinstance(raised.value, NoticeError)
    assert (sns.asked.count("publish"), waited) == (1, [])


@pytest.mark.parametrize("code", ["AuthorizationError", "InvalidParameter", "KMSAccessDenied", "NotFound"])
def test_a_publish_that_is_refused_sent_nothing_and_is_not_tried_again(code: str) -> None:
    sns, waited = confirmed(), list[float]()
    sns.refuse["publish"] = refusal(code)
    with pytest.raises(NoticeError, match=rf"AWS refused sns:Publish for {OWNER} \({code}\)"):
        notifier(sns, waited).send(LETTER)
    assert (sns.asked.count("publish"), waited) == (1, [])


@pytest.mark.parametrize("code", ["Throttled", "Throttling", "KMSThrottling"])
def test_a_publish_that_aws_was_too_busy_for_is_tried_again_because_nothing_was_sent(code: str) -> None:
    sns, waited = confirmed(), list[float]()
    sns.refuse["publish"] = refusal(code, status=429)

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            del sns.refuse["publish"]

    clients: Any = sns
    receipts: Any = None
    told = SnsNotifier(clients, topics=TOPICS, receipts_queue_arn=QUEUE, receipts=receipts, pause=pause)
    assert told.send(LETTER) == "m-1"
    assert waited == [1.0, 2.0]
    assert len(sns.published) == 1


def test_a_publish_that_aws_stays_too_busy_for_is_refused() -> None:
    sns, waited = confirmed(), list[float]()
    sns.refuse["publish"] = refusal("Throttled", status=429)
    with pytest.raises(NoticeError, match="Throttled"):
        notifier(sns, waited).send(LETTER)
    assert waited == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("operation", "code", "sentence"),
    [
        ("subscribe", "SubscriptionLimitExceeded", "5,000 addresses of this account wait to be confirmed"),
        ("get_topic_attributes", "AuthorizationError", "allow it to this step's role"),
        ("create_topic", "TopicLimitExceeded", "the account has all the topics it may have"),
        ("create_topic", "AuthorizationError", "allow it to this step's role"),
        ("list_subscriptions_by_topic", "AuthorizationError", "allow it to this step's role"),
        ("list_subscriptions_by_topic", "InternalError", "run it again"),
        ("get_subscription_attributes", "AuthorizationError", "allow it to this step's role"),
        ("set_topic_attributes", "AuthorizationError", "allow it to this step's role"),
    ],
)
def test_an_invitation_that_is_refused_says_which_call_why_and_what_to_do(
    operation: str, code: str, sentence: str
) -> None:
    sns = Sns() if operation in ("create_topic", "subscribe", "get_topic_attributes") else confirmed()
    if operation == "set_topic_attributes":
        sns.made_with[TOPICS.arn(OWNER)]["Policy"] = ""
    sns.refuse[operation] = refusal(code)
    with pytest.raises(NoticeError, match=rf"AWS refused sns:\w+ for {OWNER} \({code}\): {sentence}"):
        notifier(sns).invite(OWNER, BOB)


@pytest.mark.parametrize(
    "operation",
    [
        "create_topic",
        "subscribe",
        "list_subscriptions_by_topic",
        "get_topic_attributes",
        "get_subscription_attributes",
        "publish",
    ],
)
def test_no_error_says_an_address_although_awss_own_sentence_does(operation: str) -> None:
    sns = Sns() if operation in ("create_topic", "subscribe") else confirmed()
    sns.refuse[operation] = refusal("InvalidParameter")
    with pytest.raises(ProoftrailError) as raised:
        notifier(sns).send(LETTER) if operation == "publish" else notifier(sns).invite(OWNER, BOB)
    assert "@" not in str(raised.value)


@pytest.mark.parametrize(
    "failure",
    [
        refusal("Throttled", status=429),
        refusal("InternalError", status=500),
        ReadTimeoutError(endpoint_url="https://sns"),
    ],
    ids=["throttled", "500", "timeout"],
)
def test_what_may_be_asked_again_is_asked_again_for_a_while(failure: Exception) -> None:
    sns, waited = confirmed(), list[float]()
    sns.refuse["list_subscriptions_by_topic"] = failure
    with pytest.raises(NoticeError, match="sns:ListSubscriptionsByTopic"):
        notifier(sns, waited).state(OWNER, BOB)
    assert (len(sns.asked), waited) == (4, [1.0, 2.0, 4.0])


def test_where_sns_does_not_answer_the_state_is_an_error_and_no_guess() -> None:
    sns = Sns(refuse={"list_subscriptions_by_topic": ReadTimeoutError(endpoint_url="https://sns")})
    with pytest.raises(NoticeError, match="SNS could not be asked for sns:ListSubscriptionsByTopic"):
        notifier(sns).state(OWNER, BOB)
