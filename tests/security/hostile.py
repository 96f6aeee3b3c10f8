"""Hostile texts on their way into real routes: where they are put, and what no answer to them may be."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.gateways.wild import ABSENT_CODES, INSIDE, PROBLEM, lawful_bodies
from tests.gateways.world import V1
from tests.house.source import ROOT
from tests.security.matrix.routes import NOWHERE, PLAIN, list_routes
from tests.security.matrix.world import Sides, undone

CORPUS = Path(__file__).with_name("corpus")
# What the expressions of the template corpus come to when somebody works them out, and a line of a system's file.
WORKED_OUT, PASSWD = str(7919 * 7907), "root:x:0:0"
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Host", "Idempotency-Key", "If-Match",
    "If-None-Match", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-ID",
    "X-CSRFToken", "Range",
)  # fmt: skip
MEDIA = ("application/json", "text/csv", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
# What pages outside of the API are while no console is built, as in the tests.
NO_CONSOLE = (503, "text/plain; charset=utf-8")
# Texts that grow too long for a file.
TELLS = "tells of the inside"
GROWN = ("x" * 200_000, "[" * 100_000, '{"a":' * 20_000, "\u0301" * 20_000, "%" * 20_000)


@dataclass(frozen=True)
class Slot:
    """A place in a call into which a text is put."""

    name: str
    ask: Callable[[str], Any]


def read(corpus: str) -> list[str]:
    """Read a corpus: one JSON string a line."""
    lines = (CORPUS / f"{corpus}.txt").read_text(encoding="ascii").split("\n")
    return [json.loads(line) for line in lines if line and not line.startswith("#")]


def query_slots(sides: Sides) -> list[Slot]:
    """Every text by which a list or a report is narrowed or ordered, as the contract declares it."""
    client: Any = sides.world.client
    found: list[Slot] = []
    contract = json.loads((ROOT / "docs/api/openapi.json").read_text(encoding="utf-8"))
    for path, operations in contract["paths"].items():
        for given in operations.get("get", {}).get("parameters", ()):
            if given["in"] == "query" and "{" not in path:
                name = given["name"]
                found.append(Slot(f"GET {path}?{name}", partial(_get, client, f"{path}?{name}=", "")))
    return found


def path_slots(sides: Sides) -> list[Slot]:
    """Every name in an address, as it is and with everything encoded, and addresses of files."""
    client: Any = sides.world.client
    found: list[Slot] = []
    for route in list_routes():
        method = "get" if "get" in route.handlers else sorted(route.handlers)[0]
        for name in route.kwargs:
            around = {other: PLAIN.get(other, NOWHERE) for other in route.kwargs if other != name}
            for way in ("", "/"):

                def ask(text: str, template: str = route.address, name: str = name, method: str = method,
                        around: Mapping[str, str] = around, way: str = way) -> Any:  # fmt: skip
                    address = "/" + template.format(**{**around, name: quoted(text, way)})
                    return getattr(client, method)(address)

                found.append(Slot(f"{method.upper()} {route.address} {name} {way}", ask))
    for root in ("/", "/static/", "/assets/", "/api/", "/api/schema/", "/l/", "/u/"):
        found.append(Slot(f"GET {root}", partial(_get, client, root, "/")))
    return found


def _get(client: Any, before: str, safe: str, text: str) -> Any:
    return client.get(before + quoted(text, safe))


def quoted(text: str, safe: str) -> str:
    """Encode a text for an address; what UTF-8 has no bytes for goes as the bytes that a sloppy client would send."""
    return quote(text.encode("utf-8", "surrogatepass"), safe=safe)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every text in a body."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    elif isinstance(value, str):
        yield path


def bodies(sides: Sides) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Give, by operation, method, address and a body that would be taken."""
    found = {}
    for name, body in lawful_bodies(sides.world).items():
        method, template = name.split(" ", 1)
        kind = template.removeprefix(V1).split("/{id}")[0]
        ids = sides.world.ids.get(kind, [sides.mine.program])
        plain = json.loads(json.dumps(body, default=str))
        found[name] = (method.lower(), template.replace("{id}", ids[0]), plain)
    return found


def send(sides: Sides, method: str, address: str, content: str | bytes, media: str = "application/json") -> Any:
    """Send a body as it is."""
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    client: Any = sides.world.client
    return client.generic(method.upper(), address, raw, content_type=media, HTTP_IDEMPOTENCY_KEY="hostile")


def body_slots(sides: Sides) -> list[Slot]:
    """Every text of every body that would be taken."""
    found = []
    for name, (method, address, body) in bodies(sides).items():
        for path in leaves(body):

            def ask(text: str, method: str = method, address: str = address, body: Any = body,
                    path: tuple[Any, ...] = path) -> Any:  # fmt: skip
                return send(sides, method, address, json.dumps(planted(body, path, text)))

            found.append(Slot(f"{name} {'.'.join(map(str, path))}", ask))
    return found


def planted(body: Any, path: Sequence[Any], text: Any) -> Any:
    """Give a body with a text in one place."""
    whole = copy.deepcopy(body)
    inside = whole
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = text
    return whole


def key_slots(sides: Sides) -> list[Slot]:
    """One more member in every object of every body, and in the query."""
    found = []
    for name, (method, address, body) in bodies(sides).items():
        for path in sorted({path[:-1] for path in leaves(body)}, key=str):

            def ask(text: str, method: str = method, address: str = address, body: Any = body,
                    path: tuple[Any, ...] = path) -> Any:  # fmt: skip
                whole = copy.deepcopy(body)
                inside = whole
                for step in path:
                    inside = inside[step]
                if isinstance(inside, dict):
                    inside[text] = {text: [text]}
                return send(sides, method, address, json.dumps(whole))

            found.append(Slot(f"{name} {'.'.join(map(str, path))}{{}}", ask))
    return found


def raw_slots(sides: Sides) -> list[Slot]:
    """The whole body, of JSON and of what says to be something else."""
    found = []
    for name, (method, address, _) in bodies(sides).items():
        for media in (
            "application/json",
            "text/csv",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ):

            def ask(text: str, method: str = method, address: str = address, media: str = media) -> Any:
                return send(sides, method, address, text, media)

            found.append(Slot(f"{name} as {media}", ask))
    return found


def header_slots(sides: Sides) -> list[Slot]:
    """Every header that is read, on a read and on a write."""
    client: Any = sides.world.client
    found: list[Slot] = []
    for name in HEADERS:
        key = {"Content-Type": "CONTENT_TYPE"}.get(name, "HTTP_" + name.upper().replace("-", "_"))

        def ask(text: str, key: str = key) -> Any:
            # A server hands header bytes on as Latin-1.
            return client.get(f"{V1}segments/", **{key: latin(text)})

        def write(text: str, key: str = key) -> Any:
            media = {"content_type": latin(text)} if key == "CONTENT_TYPE" else {"content_type": "application/json"}
            extra = {} if key == "CONTENT_TYPE" else {key: latin(text)}
            return client.generic("POST", f"{V1}segments/", b'{"name":"x","kind":"static"}', **media, **extra)

        found += [Slot(f"GET {name}", ask), Slot(f"POST {name}", write)]
    return found


def latin(text: str) -> str:
    """Give a text as a server hands a header on: its bytes, each as one letter."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def cases(texts: Sequence[str], slots: Sequence[Slot], wanted: int) -> Iterator[tuple[str, Slot]]:
    """Give so many pairs, in which every text and, as far as it goes, every slot has its turn."""
    for number in range(max(wanted, len(texts))):
        round_, place = divmod(number, len(texts))
        yield texts[place], slots[(number + round_ * 7) % len(slots)]


def faults_of(answer: Any) -> list[str]:
    """Say what is wrong with an answer to a hostile call."""
    streamed = getattr(answer, "streaming", False)
    text = (b"".join(answer.streaming_content) if streamed else answer.content).decode("utf-8", "replace")
    faults = [TELLS] if INSIDE.search(text) else []
    if PASSWD in text:
        faults.append("gave a file of the system")
    for name, value in answer.headers.items():
        if name.lower() == "x-injected" or "\r" in value or "\n" in value:
            faults.append(f"the header {name} was split")
    if answer.status_code < 400 or (answer.status_code, answer.headers.get("Content-Type")) == NO_CONSOLE:
        return faults
    if answer.headers.get("Content-Type", "").split(";")[0] != PROBLEM:
        return [*faults, f"{answer.status_code} is {answer.headers.get('Content-Type')!r} and no problem document"]
    code = json.loads(text).get("code")
    if answer.status_code >= 500 and code not in ABSENT_CODES:
        faults.append(f"{answer.status_code} {code}")
    return faults


def attack(texts: Sequence[str], slots: Sequence[Slot], wanted: int, judge: Callable[[Any], list[str]]) -> list[str]:
    """Ask all cases, each of which nothing stays; give what is wrong, with how to ask again."""
    wrong = []
    for text, slot in cases(texts, slots, wanted):
        try:
            with undone():
                faults = judge(slot.ask(text))
                if INSIDE.search(text):
                    # A refusal may say what it was given.
                    faults = [one for one in faults if one != TELLS]
        except Exception as fault:
            faults = [f"{type(fault).__name__}: {fault}"[:300]]
        wrong += [f"{slot.name} <- {ascii(text)[:120]}: {one}" for one in faults]
    return wrong
