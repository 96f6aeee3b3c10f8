"""Firebase Cloud Messaging, HTTP v1: messages to devices, signed in as a service account."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt

from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.http import Provider, instant_of_call, read_json, text_at
from loyalty.delivery.kinds.push.contracts import PAYLOAD_BYTES_MAX, Push, TokenDead
from loyalty.delivery.kinds.push.keys import KeyUnreadable, ShortLived, rsa_key

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_URL = "https://oauth2.googleapis.com/token"
# Google gives tokens of an hour, and a signed request for one may last no longer (RFC 7523 as Google reads it).
ASSERTION_SECONDS = 3_600
# So long before its end a token is made anew.
MARGIN_SECONDS = 300.0
DEAD = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})


class AccountUnreadable(ValueError):
    """A text is no file of a service account."""


def read_account(text: str) -> dict[str, str]:
    """Give address, key and token address of the file that Google's console makes for a service account.

    :raises AccountUnreadable: it is none, or its key cannot be read.
    """
    try:
        account = json.loads(text)
    except ValueError as fault:
        raise AccountUnreadable("This is no JSON; paste the whole file of the service account.") from fault
    email, key = text_at(account, "client_email"), text_at(account, "private_key")
    if not email or not key:
        raise AccountUnreadable("The file has no client_email or no private_key.")
    try:
        rsa_key(key)
    except KeyUnreadable as fault:
        raise AccountUnreadable(str(fault)) from fault
    token_url = text_at(account, "token_uri") or TOKEN_URL
    return {"email": email, "key": key, "token_url": token_url, "key_id": text_at(account, "private_key_id")}


class Fcm:
    """The service with one project's account."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._provider = Provider("push", values["base_url"], http2=True)
        self._path = f"/v1/projects/{values['project_id']}/messages:send"
        self._account = read_account(values["service_account"])
        self._token = ShortLived(self._sign_in)

    def sign_in(self) -> None:
        """Sign in, to see whether that works.

        :raises DeliveryError: it does not.
        """
        self._token.get()

    def _sign_in(self) -> tuple[str, float]:
        now = int(instant_of_call().timestamp())
        claims = {
            "iss": self._account["email"],
            "scope": SCOPE,
            "aud": self._account["token_url"],
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        header = {"alg": "RS256", **({"kid": self._account["key_id"]} if self._account["key_id"] else {})}
        assertion = jwt.encode(header, claims, rsa_key(self._account["key"]))
        response = self._provider.call(
            "POST",
            self._account["token_url"],
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode({"grant_type": GRANT, "assertion": assertion}).encode(),
        )
        answer = read_json(response) or {}
        token, seconds = text_at(answer, "access_token"), text_at(answer, "expires_in")
        if not response.is_success or not token:
            code = "credentials_refused" if response.is_client_error else "server_unavailable"
            # No message was touched; which fault it is, is told by the word alone.
            raise self._provider.down(f"{response.status_code} {text_at(answer, 'error')[:60]}", code)
        lasts = float(seconds) if seconds.isascii() and seconds.isdigit() else ASSERTION_SECONDS
        return token, max(60.0, lasts - MARGIN_SECONDS)

    def send(self, push: Push) -> str:
        """Hand one message over.

        :raises TokenDead: nobody has the token any more.
        :raises DeliveryError: says whether it may be tried again.
        """
        content = json.dumps({"message": body_of(push)}, ensure_ascii=False).encode()
        try:
            token = self._token.get()
        except DeliveryError as fault:
            # Signing in is no message: whatever became of it, nothing was sent.
            raise self._provider.down(fault.detail, fault.code.partition(".")[2]) from fault
        response = self._post(content, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            response = self._post(content, self._token.get(refused=token))
        answer = read_json(response)
        if response.is_success:
            name = text_at(answer, "name")
            if not name:
                raise self._provider.unknown("The answer names no message.")
            return name
        raise self._error_of(response, answer or {})

    def _post(self, content: bytes, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
        return self._provider.call("POST", self._path, headers=headers, content=content)

    def _error_of(self, response: httpx.Response, answer: Mapping[str, Any]) -> DeliveryError:
        """Give what a refusal means (FCM, "ErrorCode"): a token, the message, the account, or a passing fault."""
        error = answer.get("error")
        details = error.get("details") if isinstance(error, Mapping) else None
        found = [one for one in details if isinstance(one, Mapping)] if isinstance(details, list) else []
        code = next((text_at(one, "errorCode") for one in found if text_at(one, "errorCode")), "")
        told = code or text_at(error, "status")
        if code in DEAD or (code == "INVALID_ARGUMENT" and _names_token(found)):
            return TokenDead(told)
        return self._provider.error_of(response, told)


def _names_token(details: list[Mapping[str, Any]]) -> bool:
    lists = [found for detail in details if isinstance(found := detail.get("fieldViolations"), list)]
    return any(text_at(one, "field") == "message.token" for found in lists for one in found)


def body_of(push: Push) -> dict[str, Any]:
    """Give the message as FCM takes it; a repeated one takes the place of the first on the device."""
    send_id, rendered = str(push.message.send_id), push.message.rendered
    body = {
        "token": push.device.token,
        "notification": {"title": rendered.subject, "body": rendered.text},
        "data": {"send_id": send_id, **({"url": rendered.url} if rendered.url else {})},
        "android": {"collapse_key": send_id, "notification": {"tag": send_id}},
        "apns": {"headers": {"apns-collapse-id": send_id}},
    }
    size = len(json.dumps(body["notification"] | body["data"], ensure_ascii=False).encode())  # type: ignore[operator]
    if size > PAYLOAD_BYTES_MAX:
        raise DeliveryError("push.too_long", f"{size} bytes, at most {PAYLOAD_BYTES_MAX}", is_permanent=True)
    return body
