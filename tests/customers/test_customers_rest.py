"""Routes of customers and of sources: one test per outcome."""

import base64

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel.ids import new_public_id, public_id_of_ref
from tests.conftest import ClientWith
from tests.customers.conftest import Load, record

LIST = "/api/loyalty/v1/customers/"
ONE = public_id_of_ref("XV-00001")


def refs(client: APIClient, query: str) -> list[str]:
    """List the references that a query finds."""
    answer = client.get(LIST + query)
    assert answer.status_code == 200, answer.json()
    return [one["customer_ref"] for one in answer.json()["results"]]


def test_customers__list__pages_by_cursor_to_the_end(client_with: ClientWith, load: Load) -> None:
    load(*(record(number) for number in range(25)))
    client, seen = client_with("customers.view"), []
    address: str | None = f"{LIST}?page_size=10"
    while address:
        body = client.get(address).json()
        assert (body["count"], body["count_is_exact"]) == (25, True)
        seen += [one["customer_ref"] for one in body["results"]]
        address = body["next"]
    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?search=xv-00003", ["XV-00003"]),
        ("?search=smith4", ["XV-00004"]),
        ("?search=ann smith5", ["XV-00005"]),
        ("?search=ANN2@exam", ["XV-00002"]),
        ("?search=%2B999000000001", ["XV-00001"]),
        ("?search=%25", []),
        ("?search=' OR 1=1 --", []),
        ("?customer_ref=XV-00006", ["XV-00006"]),
        ("?city=Nowhere", []),
        ("?search=mith4", []),
    ],
)
def test_customers__search__words_begin_something(
    client_with: ClientWith, load: Load, query: str, found: list[str]
) -> None:
    load(*(record(number) for number in range(8)))
    assert refs(client_with("customers.view", "customers.view_pii"), query) == found


@pytest.mark.parametrize("query", ["?status=HAPPY", "?search=a%00b"])
def test_customers__bad_filter__400(client_with: ClientWith, load: Load, query: str) -> None:
    assert client_with("customers.view").get(LIST + query).status_code == 400


@pytest.mark.parametrize("place", [b"p=abc", b"p=\x00", b"o=9&p=1e9", b"p=99999999999999999999999"])
def test_customers__forged_cursor__404_or_an_empty_page(client_with: ClientWith, load: Load, place: bytes) -> None:
    load(record(1))
    cursor = base64.b64encode(place).decode()
    answer = client_with("customers.view").get(LIST, {"cursor": cursor})
    assert answer.status_code in (200, 404)


def test_customers__retrieve__by_id_and_by_reference(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    client = client_with("customers.view", "customers.view_pii")
    body = client.get(f"{LIST}{ONE}/").json()
    assert body["id"] == body["customer_id"] == str(ONE)
    assert (body["email"], body["phone"], body["birth_date"]) == ("ann1@example.test", "+999000000001", "1990-01-01")
    assert client.get(f"{LIST}XV-00001/").json()["id"] == str(ONE)


def test_customers__unknown_or_not_allowed__404_403_401(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    for name in (new_public_id(), "nobody", "%00"):
        answer = client_with("customers.view").get(f"{LIST}{name}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "customer.not_found")
    assert client_with("segments.view").get(LIST).status_code == 403
    assert APIClient().get(LIST).status_code == 401


def test_sources__create_list_close__the_secret_is_shown_once(client_with: ClientWith, load: Load) -> None:
    client = client_with("customers.manage_sources")
    address = "/api/loyalty/v1/eventSources/"
    made = client.post(address, {"code": "shop", "name": "Shop"})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert "secret" not in client.get(address).json()["results"][0]
    again = client.post(address, {"code": "shop", "name": "Shop"})
    assert (again.status_code, again.json()["code"]) == (409, "event_source.code_taken")
    assert client.post(address, {"code": "no spaces"}).status_code == 400
    assert client.delete(f"{address}{made.json()['id']}/").status_code == 204
    assert client.get(f"{address}{made.json()['id']}/").json()["is_active"] is False
    assert client_with("customers.view").post(address, {"code": "x", "name": "y"}).status_code == 403


def test_customer__reference_with_a_dot__is_found(client_with: ClientWith, load: Load) -> None:
    load(record(1, customer_ref="BSS.1-7"))
    for path in ("BSS.1-7/", "BSS.1-7/consents/"):
        assert client_with("customers.view").get(LIST + path).status_code == 200
