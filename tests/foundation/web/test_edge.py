"""The HTTP edge on its own: numbers that stay exact, strict fields, pages, ETags, keys."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers as drf
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from loyalty.foundation.access.models import Role
from loyalty.foundation.kernel.exact_json import ExactDecoder, ExactEncoder, dumps_exact
from loyalty.foundation.web.etag import EditConflict, check_if_match
from loyalty.foundation.web.idempotency import (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    fingerprint,
    require_key,
)
from loyalty.foundation.web.pagination import COUNT_EXACT_MAX, count_about
from loyalty.foundation.web.parsers import ExactJSONParser, MemberRepeated
from loyalty.foundation.web.serializers import AmountField, PointsField, StrictSerializer


def parse(text: str) -> Any:
    """Read a body as the platform does."""
    return ExactJSONParser().parse(io.BytesIO(text.encode("utf-8", "surrogatepass")))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_numbers__in_and_out__stay_digit_for_digit(number: Decimal) -> None:
    text = format(number, "f")
    assert parse(f"[{text}]")[0] == number
    assert dumps_exact([parse(f"[{text}.5]" if "." not in text else f"[{text}]")[0]])
    assert json.loads(json.dumps([number], cls=ExactEncoder), cls=ExactDecoder) == [number]


@pytest.mark.parametrize(
    "text",
    ["{", "NaN", "[1e999]", "[1e-999]", "[123456789012345678901234567890]", '["\\ud800"]', '{"a\\u0000": 1}',
     "[" * 50_000, "[Infinity]", '"\ud800"', "[9223372036854775808]"],
)  # fmt: skip
def test_body__that_could_not_be_stored__is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


@pytest.mark.parametrize(
    "text, member",
    [
        ('{"points": 5, "points": 50}', "points"),
        ('{"points": 5, "points": 5}', "points"),
        ('{"a": 1, "b": [{"c": {"d": 1, "e": 2, "d": 3}}]}', "d"),
        # The same name in another spelling.
        ('{"points": 5, "\\u0070oints": 6}', "points"),
        ('{"": 1, "": 2}', ""),
    ],
)
def test_body__that_names_a_member_twice__is_refused(text: str, member: str) -> None:
    with pytest.raises(MemberRepeated) as refusal:
        parse(text)
    assert refusal.value.facts == {"member": member}


@given(
    st.recursive(
        st.none() | st.integers(-5, 5) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_body__that_names_each_member_once__is_read_as_it_stands(value: Any) -> None:
    text = json.dumps(value)
    if "\\u0000" not in text and "\\ud" not in text:
        assert parse(text) == value


class Sale(StrictSerializer):
    """A body for tests."""

    points = PointsField()
    amount = AmountField(required=False)
    when = drf.DateTimeField(required=False)


@pytest.mark.parametrize(
    "body, place",
    [
        ({"points": 5, "pionts": 5}, "pionts"),
        ({"points": "5"}, "points"),
        ({"points": Decimal("5.0")}, "points"),
        ({"points": True}, "points"),
        ({"points": 0}, "points"),
        ({"points": -1}, "points"),
        ({"points": 10**18}, "points"),
        ({"points": 5, "amount": "NaN"}, "amount"),
        ({"points": 5, "amount": "1e400"}, "amount"),
        ({"points": 5, "amount": True}, "amount"),
        ({"points": 5, "when": "yesterday"}, "when"),
    ],
)
def test_serializer__wrong_place__is_named(body: dict[str, Any], place: str) -> None:
    serializer = Sale(data=body)
    assert not serializer.is_valid()
    assert list(serializer.errors) == [place]


def request_with(body: Any = None, **headers: str) -> Request:
    """Make a request as a view sees it."""
    made = APIRequestFactory().post("/", body or {}, headers=headers)
    return Request(made, parsers=[ExactJSONParser()])


def test_if_match__other_version__is_refused() -> None:
    check_if_match(request_with(), 3)
    check_if_match(request_with(**{"If-Match": '"3"'}), 3)
    with pytest.raises(EditConflict) as refusal:
        check_if_match(request_with(**{"If-Match": '"2"'}), 3)
    assert refusal.value.facts == {"current_version": 3}


def test_idempotency_key__from_header_or_body__or_refused() -> None:
    assert require_key(request_with(**{"Idempotency-Key": "sale-1"})) == "sale-1"
    assert require_key(request_with({"idempotency_key": "sale-2"})) == "sale-2"
    with pytest.raises(IdempotencyKeyMissing):
        require_key(request_with())
    with pytest.raises(IdempotencyKeyInvalid):
        require_key(request_with(**{"Idempotency-Key": "x" * 201}))


@pytest.mark.parametrize("header, body", [("a", "b"), ('"a"', "A"), ("a" * 201, ""), ("a\tb", "")])
def test_key__told_twice_or_unreadable__is_refused(header: str, body: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        require_key(request_with({"idempotency_key": body}, **{"Idempotency-Key": header}))


def test_key__of_header_and_body_alike__is_one() -> None:
    assert require_key(request_with({"idempotency_key": "sale-1"}, **{"Idempotency-Key": '"sale-1"'})) == "sale-1"


def test_fingerprint__of_a_body_written_anew__is_the_same() -> None:
    first = parse('{"amount": 1.50, "context": {"channel": "app", "lines": [{"id": 1}, {"id": 2.0}]}, "points": 100}')
    again = parse('{"points":1e2,"context":{"lines":[{"id":1.0},{"id":2}],"channel":"app"},"amount":1.5}')
    assert fingerprint(first) == fingerprint(again)
    for other in ('{"points": 101}', '{"points": "100"}', '{"points": true}', '{"points": 100.5}', '{"Points": 100}'):
        assert fingerprint(parse('{"points": 100}')) != fingerprint(parse(other))
    assert fingerprint(parse('{"lines": [1, 2]}')) != fingerprint(parse('{"lines": [2, 1]}'))


@pytest.mark.django_db
def test_count__of_a_small_table__is_exact() -> None:
    assert count_about(Role.objects.all()) == (Role.objects.count(), True)
    assert COUNT_EXACT_MAX >= 1000


@pytest.mark.django_db
def test_pages__limits_and_strange_numbers__never_a_fault(admin_client: APIClient) -> None:
    base = "/api/loyalty/v1/roles/"
    assert len(admin_client.get(base, {"page_size": "2"}).json()["results"]) == 2
    assert admin_client.get(base, {"page_size": "999999"}).status_code == 200
    for page in ("0", "-1", "999999999999999999999", "x", "1e3", "\x00"):
        assert admin_client.get(base, {"page": page}).status_code == 404, page
    for cursor in ("x", "cD0x\x00", "cj0xJnA9LTE="):
        assert admin_client.get("/api/loyalty/v1/auditLogs/", {"cursor": cursor}).status_code in (200, 404)
    assert admin_client.get("/api/loyalty/v1/auditLogs/", {"act": "\x00"}).status_code in (200, 400)


@pytest.mark.django_db
def test_request_id__harmless_is_kept_and_strange_is_replaced(admin_client: APIClient) -> None:
    kept = admin_client.get("/healthz", headers={"X-Request-ID": "till-7.sale-1"})
    assert kept["X-Request-ID"] == "till-7.sale-1"
    replaced = admin_client.get("/healthz", headers={"X-Request-ID": "a b;c"})
    assert replaced["X-Request-ID"] != "a b;c"
    assert "script-src 'self'" in kept["Content-Security-Policy"]
    assert kept["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_method__unknown__is_405_and_a_problem(admin_client: APIClient) -> None:
    answer = admin_client.put("/api/loyalty/v1/roles/", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method.not_allowed")
    odd = admin_client.post("/api/loyalty/v1/roles/", "a=b", content_type="application/x-www-form-urlencoded")
    assert (odd.status_code, odd.json()["code"]) == (415, "media.unsupported")


@pytest.mark.parametrize(
    ("path", "status", "code"), [("/api/loyalty/v1/segments/0.5/", 404, "not_found"), ("/programs", 403, "forbidden")]
)
def test_write__to_no_address_or_without_its_csrf_token__is_a_problem_document(
    path: str, status: int, code: str
) -> None:
    answer = APIClient(enforce_csrf_checks=True).delete(path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code


@pytest.mark.parametrize("text", ["9" * 31, "-9223372036854775809", "9223372036854775807", "-1"])
def test_exact_json__whole_number_beyond_64_bits__is_read_and_written_again(text: str) -> None:
    assert dumps_exact(ExactDecoder().decode(f"[{text}]")) == f"[{text}]".encode()
    assert dumps_exact({"trace": [{"value": (int(text),)}]}) == f'{{"trace":[{{"value":[{text}]}}]}}'.encode()


@pytest.mark.parametrize("number", [7, True])
def test_strict_serializer__number_for_an_id__is_refused(number: int) -> None:
    class Named(StrictSerializer):
        id = drf.UUIDField()

    named = Named(data={"id": number})
    assert not named.is_valid()
    assert list(named.errors) == ["id"]


def mixed(base: Any) -> Any:
    """Make a serializer with fields of every way to be left out."""

    class Mixed(base):
        needed = drf.CharField(max_length=5)
        left_out = drf.IntegerField(required=False)
        nothing = drf.CharField(required=False, allow_null=True)
        with_default = drf.IntegerField(default=7)
        told_only = drf.CharField(read_only=True)
        elsewhere = drf.CharField(required=False, source="inner.name")
        many = drf.ListField(child=drf.IntegerField(), required=False)
        checked = drf.IntegerField(required=False)

        def validate_checked(self, value: int) -> int:
            if value == 3:
                raise drf.ValidationError("Not three.", code="three")
            return value * 2

    return Mixed


MIXED_OF_DRF, MIXED_OF_OURS = mixed(drf.Serializer), mixed(StrictSerializer)


@given(
    st.dictionaries(
        st.sampled_from(["needed", "left_out", "nothing", "with_default", "elsewhere", "many", "checked"]),
        st.sampled_from([None, 3, 4, "a", "", "too long", [1], ["x"], {}]),
    ),
    st.booleans(),
)
def test_strict_serializer__whatever_is_left_out__reads_as_drf_does(body: dict[str, Any], is_partial: bool) -> None:
    theirs, ours = MIXED_OF_DRF(data=body, partial=is_partial), MIXED_OF_OURS(data=body, partial=is_partial)
    assert ours.is_valid() == theirs.is_valid()
    assert ours.errors == theirs.errors
    if theirs.is_valid():
        assert ours.validated_data == theirs.validated_data
