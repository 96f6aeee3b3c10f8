"""Signing in by an identity provider, over real HTTP: the honest way, and every hostile one."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from loyalty.foundation.access.api import create_user, install_shipped_roles
from loyalty.foundation.access.models import User
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.signing_in.contracts import Visitor
from loyalty.foundation.signing_in.kinds import oidc
from loyalty.foundation.signing_in.models import ProviderFlow, ProviderIdentity, Session
from loyalty.foundation.signing_in.operations import federating
from tests.conftest import ClientWith
from tests.foundation.signing_in.door import AUTH, PASSWORD, V1, Browser, acts, pass_time
from tests.foundation.signing_in.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OidcProvider,
    Person,
    serving,
    signed_with_secret,
    unsigned,
)
from tests.ledger.parallel import all_at_once

CALLBACK = f"{AUTH}/session/oidc/callback/"
Claims = dict[str, Any]


@pytest.fixture
def provider(db: None, settings: Any) -> Iterator[OidcProvider]:
    """A provider that the platform is set up for."""
    oidc.forget()
    with serving(OidcProvider()) as served:
        settings.LOYALTY_OIDC_ISSUER = served.issuer
        settings.LOYALTY_OIDC_CLIENT_ID, settings.LOYALTY_OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        settings.LOYALTY_OIDC_ROLES = {"crm-managers": "manager", "crm-admins": "admin", "crm-readers": "analyst"}
        settings.LOYALTY_OIDC_NAME = "Operator"
        yield served
    oidc.forget()


@pytest.fixture(autouse=True)
def present() -> Iterator[FixedClock]:
    """The platform's clock at the machine's own time, which the provider goes by."""
    with clock.use(FixedClock(datetime.now(UTC))) as fixed:
        assert isinstance(fixed, FixedClock)
        yield fixed


def start(browser: Browser, next_path: str = "/segments") -> str:
    """Begin, and give where the browser is sent."""
    answer = browser.get(f"{AUTH}/session/oidc/start/", {"next": next_path})
    assert answer.status_code == 302
    return str(answer["Location"])


def agree(url: str) -> str:
    """The person agrees at the provider; the path and query that the browser comes back with are given."""
    answer = httpx.get(url)
    assert answer.status_code == 302, url
    back = urlsplit(answer.headers["Location"])
    assert back.path == CALLBACK
    return f"{back.path}?{back.query}"


def sign_in(browser: Browser, next_path: str = "/segments") -> Any:
    """Go the whole way; the answer of the callback is given."""
    return browser.get(agree(start(browser, next_path)))


def refused(answer: Any) -> str:
    """Give the code with which the browser was led back to the sign-in page."""
    place = urlsplit(answer["Location"])
    assert answer.status_code == 302 and place.path == "/sign-in", answer["Location"]
    return str(parse_qs(place.query)["refused"][0])


def test_oidc__honest__makes_the_user_with_the_roles_of_its_groups(provider: OidcProvider) -> None:
    browser = Browser()
    assert browser.get(f"{AUTH}/session/oidc/").json() == {"is_enabled": True, "name": "Operator"}
    url = start(browser)
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 40 and len(asked["nonce"][0]) >= 40
    answer = browser.get(agree(url))
    assert (answer.status_code, answer["Location"]) == (302, "/segments")
    me = browser.get(f"{AUTH}/me/").json()
    assert (me["username"], me["email"], me["roles"]) == ("ben", "ben@operator.example", ["manager"])
    assert Session.objects.get(user__username="ben").kind == "oidc"
    assert not User.objects.get(username="ben").has_usable_password()
    assert acts() == ["create_user", "open_session"]
    assert not ProviderFlow.objects.exists(), "the flow is used up"
    assert Browser().sign_in("ben", PASSWORD).status_code == 401


def test_oidc__again__is_the_same_user_under_any_name_with_the_roles_of_today(provider: OidcProvider) -> None:
    create_user(username="root", password=PASSWORD, email="", roles=["admin"])
    sign_in(Browser())
    provider.person.claims |= {"preferred_username": "benjamin", "groups": ["crm-readers", "crm-admins"]}
    browser = Browser()
    sign_in(browser)
    me = browser.get(f"{AUTH}/me/").json()
    assert (me["username"], me["roles"]) == ("ben", ["admin", "analyst"])
    provider.person.claims["groups"] = ["staff"]
    assert sign_in(browser)["Location"] == "/segments"
    assert browser.get(f"{AUTH}/me/").json()["permissions"] == [], "without a group of ours nothing may be done"
    assert ProviderIdentity.objects.count() == 1


def test_oidc__person_without_a_group_or_with_a_taken_name__is_refused(provider: OidcProvider) -> None:
    provider.person.claims["groups"] = ["staff"]
    assert refused(sign_in(Browser())) == "oidc.user_unknown"
    provider.person.claims["groups"] = "crm-managers"
    User.objects.create(username="ben", password="x")
    browser = Browser()
    assert refused(sign_in(browser)) == "oidc.user_unknown", "a name at the provider is no key to a user here"
    assert not browser.is_in() and not ProviderIdentity.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_oidc__first_sign_in_from_several_windows_at_once__makes_one_user(
    provider: OidcProvider, transactional_db: None
) -> None:
    install_shipped_roles()
    for number in range(3):
        provider.person = Person(f"subject-{number}")
        provider.person.claims["preferred_username"] = f"eva-{number}"
        windows = [Browser(f"192.0.2.{place + 1}") for place in range(4)]
        ways = [agree(start(browser)) for browser in windows]
        answers = all_at_once([partial(browser.get, way) for browser, way in zip(windows, ways, strict=True)])
        assert [answer["Location"] for answer in answers] == ["/segments"] * 4
        assert ProviderIdentity.objects.filter(subject=f"subject-{number}").count() == 1
        assert User.objects.filter(username=f"eva-{number}").count() == 1


@pytest.mark.django_db(transaction=True)
def test_oidc__two_people_of_one_name_at_once__the_second_is_refused(
    provider: OidcProvider, transactional_db: None
) -> None:
    install_shipped_roles()
    values = {**configuration.read("oidc"), "creates_users": True}
    visitor = Visitor(address="192.0.2.1", agent="Firefox", device="")

    def arrive(subject: str, name: str) -> Any:
        claims = {"sub": subject, "preferred_username": name, "groups": ["crm-readers"]}
        return federating._user_for(claims, provider.issuer, values, visitor, clock.now())

    for number in range(6):
        name = f"twin-{number}"
        outcomes = all_at_once([partial(arrive, f"{who}-{number}", name) for who in ("one", "other")])
        assert sorted(type(one).__name__ for one in outcomes) == ["IdentityUnknown", "User"]
        assert User.objects.filter(username=name).count() == 1


def test_oidc__user_switched_off__is_refused(provider: OidcProvider) -> None:
    browser = Browser()
    sign_in(browser)
    User.objects.filter(username="ben").update(is_active=False)
    assert not browser.is_in()
    assert refused(sign_in(browser)) == "credentials.invalid"


def other_key(claims: Claims) -> str:
    """Sign with a key that the provider never published, under the id of one that it did."""
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, RSAKey.generate_key(2048))


def own_key_in_header(claims: Claims) -> str:
    """Sign with a key that the token itself brings along."""
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


def tampered(raw: str) -> str:
    """Change one letter of the claims."""
    head, body, signature = raw.split(".")
    return f"{head}.{body[:20]}{'A' if body[20] != 'A' else 'B'}{body[21:]}.{signature}"


NOW = time.time
HOSTILE: dict[str, Callable[[Claims], Any]] = {
    "wrong nonce": lambda claims: claims.update(nonce="of another sign-in"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "another audience": lambda claims: claims.update(aud="another-client"),
    "several audiences, not for us": lambda claims: claims.update(aud=[CLIENT_ID, "other"], azp="other"),
    "several audiences, for nobody": lambda claims: claims.update(aud=[CLIENT_ID, "other"]),
    "no audience": lambda claims: claims.pop("aud"),
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "no issuer": lambda claims: claims.pop("iss"),
    "expired": lambda claims: claims.update(exp=int(NOW()) - 60),
    "no expiry": lambda claims: claims.pop("exp"),
    "expiry as text": lambda claims: claims.update(exp="tomorrow"),
    "of the future": lambda claims: claims.update(iat=int(NOW()) + 3600, nbf=int(NOW()) + 3600),
    "of an earlier sign-in": lambda claims: claims.update(iat=int(NOW()) - 3600),
    "no subject": lambda claims: claims.pop("sub"),
    "another access token": lambda claims: claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
}
FORGED: dict[str, Callable[[OidcProvider, Claims], str]] = {
    "alg none": lambda provider, claims: unsigned(claims),
    "the client's secret as key": lambda provider, claims: signed_with_secret(claims, CLIENT_SECRET),
    "the public key as secret": lambda provider, claims: signed_with_secret(
        claims, provider.key.as_pem(private=False).decode()
    ),
    "a foreign key": lambda provider, claims: other_key(claims),
    "a key of its own": lambda provider, claims: own_key_in_header(claims),
    "changed after signing": lambda provider, claims: tampered(provider.sign_honestly(claims)),
    "no token": lambda provider, claims: "",
    "nonsense": lambda provider, claims: "a.b.c",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_oidc__hostile_claims__are_refused(provider: OidcProvider, name: str) -> None:
    provider.change_claims = HOSTILE[name]
    browser = Browser()
    assert refused(sign_in(browser)) == "oidc.refused"
    assert not browser.is_in() and not User.objects.filter(username="ben").exists()
    assert acts() == ["refuse"]


@pytest.mark.parametrize("name", FORGED)
def test_oidc__forged_token__is_refused(provider: OidcProvider, name: str) -> None:
    provider.sign = lambda claims: FORGED[name](provider, claims)
    browser = Browser()
    assert refused(sign_in(browser)) == "oidc.refused"
    assert not browser.is_in() and not User.objects.filter(username="ben").exists()


def test_oidc__code_or_state_replayed__is_refused(provider: OidcProvider) -> None:
    browser = Browser()
    back = agree(start(browser))
    assert browser.get(back)["Location"] == "/segments"
    thief = Browser()
    thief.cookies["khaywe_flow"] = "x"
    for again in (browser, thief):
        assert refused(again.get(back)) == "oidc.refused"
    code = parse_qs(urlsplit(back).query)["code"][0]
    fresh = agree(start(thief)).split("?")[1]
    state = parse_qs(fresh)["state"][0]
    assert refused(thief.get(CALLBACK, {"code": code, "state": state})) == "oidc.refused", "a used code, a fresh state"
    assert not thief.is_in()


def test_oidc__states_mixed_up_between_browsers__are_refused(provider: OidcProvider) -> None:
    victim, thief = Browser(), Browser()
    start(victim)
    planted = agree(start(thief))
    assert refused(victim.get(planted)) == "oidc.refused", "nobody is signed in to somebody else's account"
    assert not victim.is_in()
    mine, other = agree(start(victim)), agree(start(victim))
    codes = [parse_qs(urlsplit(back).query) for back in (mine, other)]
    crossed = victim.get(CALLBACK, {"code": codes[0]["code"][0], "state": codes[1]["state"][0]})
    assert refused(crossed) == "oidc.refused", "the verifier of one flow does not fit the code of another"


@pytest.mark.parametrize("query", [{}, {"code": "x"}, {"state": "x"}, {"code": "x", "state": "x" * 5000},
                                   {"error": "access_denied", "state": "x"}])  # fmt: skip
def test_oidc__callback_out_of_nowhere__is_refused(provider: OidcProvider, query: dict[str, str]) -> None:
    assert refused(Browser().get(CALLBACK, query)) == "oidc.refused"


def test_oidc__person_does_not_agree__flow_is_used_up(provider: OidcProvider) -> None:
    browser = Browser()
    state = parse_qs(urlsplit(start(browser)).query)["state"][0]
    assert refused(browser.get(CALLBACK, {"error": "access_denied", "state": state})) == "oidc.refused"
    assert not ProviderFlow.objects.exists()


def test_oidc__too_slow__is_refused(provider: OidcProvider, present: FixedClock) -> None:
    browser = Browser()
    back = agree(start(browser))
    pass_time(present, minutes=10)
    assert refused(browser.get(back)) == "oidc.refused"


def test_oidc__answer_names_another_issuer__is_refused(provider: OidcProvider) -> None:
    provider.answer_iss = "https://evil.example"
    assert refused(sign_in(Browser())) == "oidc.refused"
    provider.answer_iss = provider.issuer
    assert sign_in(Browser())["Location"] == "/segments"
    oidc.forget()
    provider.answer_iss, provider.metadata_extra = None, {"authorization_response_iss_parameter_supported": True}
    assert refused(sign_in(Browser())) == "oidc.refused", "promised and left out"


def test_oidc__description_of_another_issuer__is_not_used(provider: OidcProvider) -> None:
    provider.told_issuer = "https://evil.example"
    answer = Browser().get(f"{AUTH}/session/oidc/start/")
    assert refused(answer) == "oidc.unavailable"


def test_oidc__keys_changed__are_read_anew_and_only_so_often(
    provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [1000.0]
    monkeypatch.setattr("loyalty.foundation.signing_in.kinds.oidc.time.monotonic", lambda: moment[0])
    assert sign_in(Browser())["Location"] == "/segments"
    assert sign_in(Browser())["Location"] == "/segments"
    assert provider.asked.count("/keys") == 1, "kept"
    provider.change_keys()
    moment[0] += oidc.KEYS_STEP_S
    assert sign_in(Browser())["Location"] == "/segments"
    assert provider.asked.count("/keys") == 2
    provider.sign = other_key
    for _ in range(5):
        assert refused(sign_in(Browser())) == "oidc.refused"
    assert provider.asked.count("/keys") == 2, "forged tokens do not make us ask again and again"
    provider.sign = provider.sign_honestly
    provider.published = []
    provider.change_keys()
    moment[0] += oidc.KEYS_KEPT_S
    assert sign_in(Browser())["Location"] == "/segments"


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)",
                                  "/ok\r\nSet-Cookie: x=1", "evil", "", "/" + "x" * 600])  # fmt: skip
def test_oidc__next_address_that_leads_elsewhere__is_the_first_page(provider: OidcProvider, path: str) -> None:
    assert sign_in(Browser(), path)["Location"] == "/"


def test_oidc__signing_out__tells_where_to_sign_out_there_too(provider: OidcProvider) -> None:
    browser = Browser()
    sign_in(browser)
    answer = browser.post(f"{AUTH}/logout/")
    place = urlsplit(answer.json()["end_session_url"])
    told = parse_qs(place.query)
    assert answer.status_code == 200 and place.path == "/logout"
    assert told["client_id"] == [CLIENT_ID] and told["post_logout_redirect_uri"][0].endswith("/sign-in")
    assert told["id_token_hint"][0].count(".") == 2
    assert not browser.is_in()
    assert Session.objects.get().provider_hint == "", "the token is not kept longer than the session"


def test_oidc__off_or_not_answering__leads_back(provider: OidcProvider, settings: Any) -> None:
    settings.LOYALTY_OIDC_ISSUER = "http://127.0.0.1:1"
    assert refused(Browser().get(f"{AUTH}/session/oidc/start/")) == "oidc.unavailable"
    settings.LOYALTY_OIDC_ISSUER = ""
    assert Browser().get(f"{AUTH}/session/oidc/").json() == {"is_enabled": False, "name": ""}
    assert refused(Browser().get(f"{AUTH}/session/oidc/start/")) == "oidc.off"
    assert refused(Browser().get(CALLBACK, {"code": "x", "state": "x"})) == "oidc.off"


def test_oidc__second_factor_at_the_provider__is_told_in_the_session(provider: OidcProvider) -> None:
    provider.person.claims["amr"] = ["pwd", "otp"]
    sign_in(Browser())
    assert Session.objects.get().has_second_factor is True


def test_oidc__begun_too_often_from_one_address__is_slowed(provider: OidcProvider) -> None:
    answers = [Browser("203.0.113.5").get(f"{AUTH}/session/oidc/start/")["Location"] for _ in range(102)]
    assert sum("/authorize" in place for place in answers) == 100
    assert answers[-1] == "/sign-in?refused=sign_in.slowed"


def test_section__tried_and_changed__counts_at_once(
    provider: OidcProvider, settings: Any, client_with: ClientWith
) -> None:
    boss = client_with("*")
    tried = boss.post(f"{V1}/config/oidc/test/", {"values": {"issuer": provider.issuer}})
    assert tried.status_code == 200 and tried.json()["is_successful"], tried.content
    wrong = boss.post(f"{V1}/config/oidc/", {"values": {"issuer": "ftp://x", "scopes": ["email"]}, "reason": "try"})
    assert wrong.status_code == 400
    assert {row["field"].split(".")[-1] for row in wrong.json()["errors"]} == {"issuer", "scopes"}
    saved = boss.post(f"{V1}/config/oidc/", {"values": {"name": "Blue"}, "reason": "the new brand"})
    assert saved.status_code == 200, saved.content
    assert Browser().get(f"{AUTH}/session/oidc/").json()["name"] == "Blue"
    assert CLIENT_SECRET not in saved.content.decode()
    assert CLIENT_SECRET not in str(list(AuditEntry.objects.values_list("before", "after")))
