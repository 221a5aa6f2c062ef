"""Lists longer than a page, in organizations made for it."""

from prooftrail.demo.estate.principals import add_user
from tests.demo.door import client, every, opened


def test_one_hundred_rows_are_a_page_unless_asked_otherwise():
    with opened(accounts=1) as organization:
        for number in range(130):
            add_user(organization._estate.management, f"user-{number:03d}", days=10)
        iam = client(organization, "iam")
        assert len(iam.list_users()["Users"]) == 100
        assert len(every(iam, "list_users", "Users")) == 136


def test_a_user_born_between_two_pages_neither_repeats_nor_hides_another():
    with opened(accounts=1) as organization:
        iam = client(organization, "iam")
        before = [user["UserName"] for user in every(iam, "list_users", "Users")]
        first = iam.list_users(MaxItems=3)
        add_user(organization._estate.management, "aaa-first-of-all", days=0)
        rest = iam.list_users(Marker=first["Marker"])
        assert [user["UserName"] for user in first["Users"] + rest["Users"]] == before


def test_twenty_accounts_are_a_page():
    with opened(accounts=45) as organization:
        api = client(organization, "organizations")
        pages = [page["Accounts"] for page in api.get_paginator("list_accounts").paginate()]
        assert [len(page) for page in pages] == [20, 20, 5]
        assert len({account["Id"] for page in pages for account in page}) == 45
