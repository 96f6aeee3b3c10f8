"""Personal data is masked without its permission, everywhere, and each look with it is written down."""

from collections.abc import Callable
from typing import Any

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.web.masking import masked, mentions_personal
from tests.conftest import ClientWith
from tests.customers.conftest import record

Load = Callable[..., Any]
LIST = "/api/loyalty/v1/customers/"
PERSONAL = ("ann1@example.test", "+999000000001", "1990-01-01", '"Ann"', "Smith1")
pytestmark = pytest.mark.django_db


def looks() -> list[AuditEntry]:
    """The looks that were written down, oldest first."""
    return list(AuditEntry.objects.filter(act="customers.view_pii").order_by("id"))


@pytest.mark.parametrize("address", ["", "XV-00001/", "{id}/", "{id}/360/"])
def test_personal__without_the_permission__is_nowhere_in_an_answer(
    client_with: ClientWith, load: Load, address: str
) -> None:
    load(record(1))
    one = client_with("customers.view").get(LIST).json()["results"][0]
    answer = client_with("customers.view", "features.view").get(LIST + address.format(id=one["id"]))
    assert answer.status_code == 200
    assert [text for text in PERSONAL if text in answer.content.decode()] == []
    assert '"is_masked":true' in answer.content.decode()
    assert looks() == []


def test_personal__with_the_permission__is_shown_and_one_row_tells_who_looked(
    client_with: ClientWith, load: Load
) -> None:
    load(*(record(number) for number in range(3)))
    client = client_with("customers.view", "customers.view_pii")
    listed = client.get(LIST).json()["results"]
    assert {one["email"] for one in listed} == {f"ann{number}@example.test" for number in range(3)}
    ids = sorted(one["id"] for one in listed)
    (of_list,) = looks()
    assert (of_list.subject_kind, of_list.after["count"], sorted(of_list.after["customers"])) == (
        "customer_list", 3, ids,
    )  # fmt: skip
    client.get(f"{LIST}{ids[0]}/360/")
    client.get(f"{LIST}XV-00001/")
    assert [(one.subject_kind, one.after["count"]) for one in looks()[1:]] == [("customer", 1)] * 2
    assert looks()[1].subject_ref == ids[0] and looks()[1].actor_kind == "token"


@pytest.mark.parametrize("word", ["ann1", "smith1", "ann1@example.test", "+999000000001", "A", "+"])
def test_personal__searched_for_without_the_permission__tells_nothing(
    client_with: ClientWith, load: Load, word: str
) -> None:
    load(*(record(number) for number in range(3)))
    client = client_with("customers.view")
    assert client.get(LIST, {"search": word}).json()["count"] == 0
    assert client.get(LIST, {"search": "XV-00001"}).json()["count"] == 1


@pytest.mark.parametrize("order", ["first_name", "-last_name", "birth_date", "contact_points__address", "email"])
def test_personal__as_an_order_or_filter__changes_nothing(client_with: ClientWith, load: Load, order: str) -> None:
    load(*(record(number) for number in range(3)))
    client = client_with("customers.view")
    plain = client.get(LIST).json()["results"]
    assert client.get(LIST, {"ordering": order}).json()["results"] == plain
    assert client.get(LIST, {order.lstrip("-"): "Ann"}).json()["results"] == plain
    assert client.get(LIST, {f"{order.lstrip('-')}__startswith": "Z"}).json()["results"] == plain


def test_personal__asked_by_rules__needs_the_permission(client_with: ClientWith) -> None:
    rules = {">": [{"var": "birth_date"}, "1987-03-13"]}
    client = client_with("segments.view", "segments.create")
    for address, body in [
        ("segments/preview/", {"rules": rules}),
        ("segments/", {"name": "Born", "kind": "dynamic", "rules": rules}),
    ]:
        answer = client.post(f"/api/loyalty/v1/{address}", body)
        assert (answer.status_code, answer.json().get("permission")) == (403, "customers.view_pii"), address


def test_mask__of_a_document__covers_names_at_any_depth_and_leaves_the_rest() -> None:
    told: dict[str, Any] = {
        "a": [{"firstName": "Ann", "e_mail": "x", "workEmail": "ann@example.test", "Mobile": "+96170111222"}],
        "name": "Gold", "birthDate": "1990-01-01", "contact_points": [{"channel": "email", "address": "+1555"}],
        "points": 3, "is_email_verified": True,
    }  # fmt: skip
    shown = masked(told)
    assert shown["a"] == [{"firstName": "A•••", "e_mail": "x•••", "workEmail": "a•••@•••.test", "Mobile": "•••22"}]
    assert (shown["name"], shown["birthDate"], shown["points"], shown["is_email_verified"]) == ("Gold", None, 3, True)
    assert "+1555" not in str(shown) and told["a"][0]["firstName"] == "Ann"


@pytest.mark.parametrize(
    ("rule", "is_personal"),
    [
        ({"==": [{"var": "birth_date"}, 1]}, True),
        ({"and": [{"!": [{"missing": ["contact.email"]}]}]}, True),
        ({"==": [{"var": "channel"}, "email"]}, False),
        ({"var": "birth_month_count"}, True),
        (None, False),
    ],
)
def test_mentions__fields_that_a_rule_reads__not_words_in_it(rule: Any, is_personal: bool) -> None:
    assert mentions_personal(rule) is is_personal
