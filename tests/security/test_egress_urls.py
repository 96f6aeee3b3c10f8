"""Addresses of inner systems, in all forms in which they have been hidden: none gets a packet to the canary."""

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from loyalty.foundation.resilience import egress
from loyalty.foundation.resilience.egress.addresses import Address
from tests.security.canary import Canary, watching

CORPUS = Path(__file__).with_name("egress_urls.txt")
# Every scheme, port and host: what refuses here is the form of the URL or the address that it leads to.
ONLY_PUBLIC = egress.read_policy(networks=(), ports=("*",), schemes=("http", "https"), hosts=("*",))
LOOPBACK_TOO = egress.read_policy(
    networks=("127.0.0.0/8", "::1/128"), ports=("*",), schemes=("http", "https"), hosts=("*",)
)


def rows() -> list[tuple[str, str, str]]:
    """Read the corpus: refusal, URL, addresses."""
    found = []
    for line in CORPUS.read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            code, url, *addresses = line.split("\t")
            found.append((code, re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), url), "".join(addresses)))
    return found


class NameServer:
    """Answers for names as the corpus says, or with another answer each time."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Sequence[str]]] = {}
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[Address]:
        """Give the next answer for a name; the last one stays."""
        self.asked.append(host)
        queue = self.answers.get(host)
        if not queue:
            raise OSError("no such name")
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        return [ip_address(one) for one in answer]


@pytest.fixture
def names() -> Iterator[NameServer]:
    """A name server of our own."""
    server = NameServer()
    egress.use_resolver(server)
    yield server
    egress.use_resolver(None)


@pytest.fixture
def canary() -> Iterator[Canary]:
    """The server that nobody may reach."""
    with watching() as bird:
        yield bird


@pytest.fixture
def only_public() -> Iterator[None]:
    """The policy of a fresh installation, with every port and scheme."""
    egress.provide_policy(lambda: ONLY_PUBLIC)
    yield
    egress.provide_policy(None)


def test_corpus__size__is_two_hundred_and_more() -> None:
    found = rows()
    assert len({url for _, url, _ in found}) == len(found) >= 200


def refusal_of(call: Callable[[], object]) -> str:
    """Give the code with which a call is refused; empty when it is not."""
    try:
        call()
    except egress.EgressRefusal as refusal:
        return refusal.code
    return ""


def test_corpus__every_url__is_refused_and_no_packet_arrives(
    names: NameServer, canary: Canary, only_public: None
) -> None:
    wrong = []
    with egress.client("webhook", follow_redirects=True, total_s=5) as client:
        for code, template, addresses in rows():
            url = template.replace("{port}", str(canary.port))
            if addresses:
                host = url.split("://")[1].split(":")[0].lower().encode("idna").decode()
                names.answers[host] = [addresses.split(",")]
            # Where a name leads is known only when it is called, not when it is filled in.
            has_form = code in ("egress.address_refused", "egress.host_unknown")
            told = (refusal_of(lambda: egress.check_url(url, "webhook")), refusal_of(lambda: client.get(url)))  # noqa: B023
            # httpx drops or encodes some of what is strange; then the address behind it decides.
            if (
                told[0] != ("" if has_form else code)
                or not told[1].startswith("egress.")
                or (has_form and told[1] != code)
            ):
                wrong.append((url, code, *told))
    assert wrong == []
    assert canary.visits == 0


def test_canary__loopback_allowed__is_reached_so_it_would_have_sung(canary: Canary) -> None:
    egress.provide_policy(lambda: LOOPBACK_TOO)
    try:
        with egress.client("webhook") as client:
            assert client.get(f"http://127.0.0.1:{canary.port}/").text == "canary"
    finally:
        egress.provide_policy(None)
    assert canary.visits == 1


def test_rebinding__name_leads_outside_first_and_inside_then__one_look_up_decides(
    names: NameServer, canary: Canary, only_public: None
) -> None:
    # Checked as public; whoever looked the name up again to connect would find the canary.
    names.answers["rebinding.example"] = [["192.0.9.9"], ["127.0.0.1"]]
    egress.check_url(f"http://rebinding.example:{canary.port}/", "webhook")
    checked = egress.check_host("rebinding.example", canary.port, "webhook")
    assert checked.addresses == ("192.0.9.9",)
    with egress.client("webhook") as client, pytest.raises(egress.AddressRefused):
        client.get(f"http://rebinding.example:{canary.port}/")
    assert len(names.asked) == 2
    assert canary.visits == 0


def test_rebinding__client__connects_to_the_address_that_it_checked(names: NameServer, canary: Canary) -> None:
    # The first answer is allowed and is the canary; a second look-up would lead to a refused address.
    names.answers["rebinding.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    egress.provide_policy(lambda: LOOPBACK_TOO)
    try:
        with egress.client("webhook") as client:
            assert client.get(f"http://rebinding.example:{canary.port}/").text == "canary"
    finally:
        egress.provide_policy(None)
    assert names.asked == ["rebinding.example"]


def test_driver__socket_to_inner_address__is_refused(names: NameServer, canary: Canary, only_public: None) -> None:
    names.answers["mail.example"] = [["127.0.0.1"]]
    for host in ("127.0.0.1", "mail.example", "0x7f.1", "localhost."):
        with pytest.raises(egress.EgressRefusal):
            egress.open_socket(host, canary.port, "email")
    assert canary.visits == 0
