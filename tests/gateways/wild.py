"""Turns generated calls into calls that reach the inside, and says what no answer may ever be."""

import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from django.core.handlers.wsgi import WSGIHandler
from schemathesis import Case as GeneratedCase
from schemathesis import Response
from schemathesis.core import NotSet

from loyalty.gateways.catalogues.queries import errors_page, openapi_document
from tests.campaigns.scene import CONTENT, SCHEDULE
from tests.gateways.world import PASSWORD, PEOPLE, V1, World, purchase
from tests.programs.documents import document

Case: TypeAlias = GeneratedCase[Any]
Wsgi = Callable[[Mapping[str, Any], Callable[..., Any]], Iterable[bytes]]
DOCUMENT_PATH: Final = "/openapi.json"
PROBLEM: Final = "application/problem+json"
# What this world has none of: it is the lawful answer of every route that asks for them.
ABSENT_CODES: Final = {"warehouse.not_configured", "warehouse.unavailable", "bss.not_configured"}
# Signs of the inside: a stack trace, a driver's message, a piece of a statement.
INSIDE: Final = re.compile(
    r"Traceback|File \\?\"|\.py\b.{0,9}line \d|psycopg|django\.db|sqlalchemy|"
    r"\bSELECT\b.+\bFROM\b|INSERT INTO|UPDATE \w+ SET|violates \w+ constraint|relation \\?\"",
    re.IGNORECASE | re.DOTALL,
)
# Names of fields and parameters that name an object -> the list that has its ids.
NAMED: Final = {
    "account_id": "loyaltyAccounts", "campaign": "campaigns", "customer_id": "customers", "program": "loyaltyPrograms",
    "program_id": "loyaltyPrograms", "segment": "segments", "transaction_id": "loyaltyTransactions",
    "subject_ref": "loyaltyPrograms", "key": "customers",
}  # fmt: skip
LISTED: Final = {"customers": "customers", "customer_ids": "customers"}
RULES: Final[tuple[Any, ...]] = (
    {">": [{"var": "transaction_amount"}, 10]},
    {"*": [{"var": "transaction_amount"}, 9e30]},
    {"min": [5, {"*": [9_000_000_000_000_000_000, 9_000_000_000_000_000_000]}]},
    {"/": [{"var": "transaction_amount"}, 0]},
    {"-": [0, {"var": "transaction_amount"}]},
    {"if": [{"==": [{"var": "channel"}, "online"]}, 2.5, None]},
    {"cat": ["a", {"var": "transaction_amount"}]},
    {"in": [{"var": "city"}, ["Beirut", 5, None]]},
    {"and": []},
    {"merge": [[1], [2]]},
    {"var": ""},
    [],
    7,
)
RULE_FIELDS: Final = ("rules", "earn_rule", "burn_rule", "filter")


def wild_application() -> Wsgi:
    """Give the platform, with its own description at one more address."""
    platform, described = WSGIHandler(), openapi_document().encode()

    def answer(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == DOCUMENT_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [described]
        return platform(dict(environ), start_response)

    return answer


def known_codes() -> frozenset[str]:
    """Read the codes that the catalogue of errors promises."""
    return frozenset(re.findall(r"^\| `([^`]+)`", errors_page(), re.MULTILINE))


def chance(seed: str, salt: str = "") -> int:
    """Give a number that looks random and is the same for the same seed."""
    return zlib.crc32((seed + salt).encode("utf-8", "surrogatepass"))


def lawful_bodies(world: World) -> dict[str, dict[str, Any]]:
    """Give, by operation, a body that would be taken; wild fields are planted into it."""
    member = {"account_id": world.first("loyaltyAccounts")}
    program = world.first("loyaltyPrograms")
    bought = {"transaction_amount": "250.00", "currency": "USD", "transaction_context": {"channel": "online"}}
    segment = {"name": "Wild", "kind": "static"}
    campaign = {
        "name": "Wild", "program": program, "segment": world.static, "trigger": SCHEDULE, "channels": ["email"],
        "content": CONTENT,
    }  # fmt: skip
    user = {"username": "other", "password": PASSWORD, "email": "other@mail.test", "roles": ["admin"]}
    plain: dict[str, dict[str, Any]] = {
        "POST apiTokens/": {"name": "x", "scopes": ["points.earn"]},
        "POST campaigns/": campaign,
        "PATCH campaigns/{id}/": campaign,
        "POST campaigns/{id}/preview/": {"customer_ref": PEOPLE[0]},
        "POST campaigns/{id}/test-send/": {"to": "me@mail.test", "customer_ref": PEOPLE[0]},
        "POST campaigns/{id}/trigger/": {"occurrence": "o-2"},
        "PUT customers/{id}/consents/": {
            "consents": [{"channel": "email", "purpose": "marketing", "is_granted": False}],
            "reason": "asked",
        },
        "POST dwh/batch/features/": {"customer_ids": list(PEOPLE), "fields_wanted": ["city"]},
        "POST eventSources/": {"code": "till", "name": "Till"},
        "POST loyaltyAccounts/": {"customer_ref": PEOPLE[4], "program_id": program},
        "POST loyaltyPrograms/": document(code="WILD"),
        "PUT loyaltyPrograms/{id}/": document(),
        "PATCH loyaltyPrograms/{id}/": document(),
        "POST loyaltyPrograms/{id}/simulate/": {**bought, **member},
        "POST loyaltyTransactions/": {"kind": "earn", **bought, **member},
        "POST roles/": {"code": "wild", "name": "Wild", "permissions": ["points.view"]},
        "POST segmentMembers/": {"segment": world.static, "customers": list(PEOPLE)},
        "POST segments/": segment,
        "POST segments/preview/": {"rules": RULES[0]},
        "PATCH segments/{id}/": {"name": "Wilder"},
        "POST services/points/burn/": {"points": 5, **member},
        "POST services/points/earn/": {**bought, **member},
        "POST services/points/earn/batch/": {"items": [{**bought, **member}, {"points": 3, **member}]},
        "POST services/points/reverse/": {"transaction_id": world.first("loyaltyTransactions")},
        "POST services/tier/upgrade/": {**member, "tier": "GOLD", "reason": "x"},
        "POST services/tier/downgrade/": {**member, "tier": "BRONZE", "reason": "x"},
        "POST users/": user,
        "PATCH users/{id}/": {"email": "x@mail.test"},
        "POST webhooks/customer-events/": {"events": [purchase("w-1", PEOPLE[0])]},
    }
    made = {name.replace(" ", f" {V1}"): body for name, body in plain.items()}
    return {**made, "POST /api/auth/login/": {"username": "wild", "password": PASSWORD}}


class Guide:
    """Plants real ids and lawful bodies into generated calls: untouched, ids in the address, ids everywhere, or a
    lawful body with one generated field, a quarter of the calls each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bodies = lawful_bodies(world)
        self.seed = ""

    def guide(self, case: Case) -> dict[str, str]:
        """Change the call in place; gives the headers to send it with."""
        # Taken before real ids come in, which are others in each run.
        self.seed = repr([case.operation.label, case.path_parameters, case.query, case.body])
        way = chance(self.seed) % 4
        if way > 0:
            self._name_the_address(case)
        if way > 1:
            case.query = {name: self._named(name, value) for name, value in (case.query or {}).items()}
            case.body = self._with_ids(case.body)
        if way > 2:
            self._plant(case)
        headers = {"Authorization": f"Bearer {self.world.token}"}
        if way > 0 and case.method == "POST":
            headers["Idempotency-Key"] = f"wild-{chance(self.seed) % 1000}"
        return headers

    def _pick(self, name: str) -> str:
        ids = self.world.ids[name] or ["00000000-0000-7000-8000-000000000000"]
        return ids[chance(self.seed, name) % len(ids)]

    def _name_the_address(self, case: Case) -> None:
        for name in case.path_parameters or {}:
            if name == "account_id":
                case.path_parameters[name] = self._pick("loyaltyAccounts")
            elif "xiva" in case.operation.path:
                case.path_parameters[name] = PEOPLE[0]
            else:
                collection = case.operation.path.removeprefix(V1).split("/{id}")[0]
                collection = "customers" if collection == "dwh/customers" else collection
                if collection in self.world.ids:
                    case.path_parameters[name] = self._pick(collection)

    def _named(self, name: str, value: Any) -> Any:
        if name == "customer_ref":
            return PEOPLE[chance(self.seed, name) % len(PEOPLE)]
        return self._pick(NAMED[name]) if name in NAMED else value

    def _with_ids(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._with_ids(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            named = name in LISTED and value
            return self.world.ids[LISTED[name]] if named else [self._with_ids(inner) for inner in value]
        if name in RULE_FIELDS:
            return RULES[chance(self.seed, name) % len(RULES)]
        return value if isinstance(value, NotSet) else self._named(name, value)

    def _plant(self, case: Case) -> None:
        lawful = self.bodies.get(case.operation.label)
        if lawful is None or not isinstance(case.body, dict):
            return
        wild = sorted(case.body, key=str)
        chosen = wild[chance(self.seed, "field") % len(wild)] if wild else ""
        case.body = {**lawful, **({chosen: case.body[chosen]} if wild else {})}


def faults_of(case: Case, answer: Response, codes: frozenset[str]) -> list[str]:
    """Say what is wrong with an answer, if anything."""
    text = answer.content.decode("utf-8", "replace")
    faults = ["tells of the inside"] if INSIDE.search(text) else []
    if answer.status_code < 400:
        return faults
    kind = answer.headers.get("content-type", [""])[0]
    if kind.split(";")[0] != PROBLEM:
        return [*faults, f"{answer.status_code} is {kind!r} and no problem document"]
    code = json.loads(text).get("code")
    if code not in codes:
        faults.append(f"the code {code!r} stands in no catalogue")
    if answer.status_code >= 500 and code not in ABSENT_CODES:
        faults.append(f"{answer.status_code} {code}")
    return faults
