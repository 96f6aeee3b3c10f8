"""Apple Push Notification service over HTTP/2, signed in by a token that our key signs."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from joserfc import jwt

from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.http import Provider, instant_of_call, read_json, text_at
from loyalty.delivery.kinds.push.contracts import PAYLOAD_BYTES_MAX, Push, TokenDead
from loyalty.delivery.kinds.push.keys import ShortLived, ec_key

# Apple refuses tokens older than an hour, and ones that are made more often than every 20 minutes.
TOKEN_SECONDS = 40 * 60.0
DEAD = frozenset({"BadDeviceToken", "Unregistered", "ExpiredToken", "DeviceTokenNotForTopic"})
TOKEN_SPENT = "ExpiredProviderToken"
# Whatever the message, these say that our account or topic is not set up.
SETUP = frozenset({"TopicDisallowed", "BadTopic", "MissingTopic", "BadCertificateEnvironment"})
# A device that is off is told for so long.
KEPT_SECONDS = 3 * 24 * 3_600


class Apns:
    """The service for one app."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._provider = Provider("push", values["base_url"], http2=True)
        self._team_id, self._key_id, self._topic = values["team_id"], values["key_id"], values["topic"]
        self._key = ec_key(values["key"])
        self._token = ShortLived(self._sign)

    def _sign(self) -> tuple[str, float]:
        claims = {"iss": self._team_id, "iat": int(instant_of_call().timestamp())}
        return jwt.encode({"alg": "ES256", "kid": self._key_id}, claims, self._key, default_type=None), TOKEN_SECONDS

    def send(self, push: Push) -> str:
        """Hand one message over.

        :raises TokenDead: nobody has the token any more.
        :raises DeliveryError: says whether it may be tried again.
        """
        content = body_of(push)
        token = self._token.get()
        response = self._post(push, content, token)
        if response.status_code == httpx.codes.FORBIDDEN and text_at(read_json(response), "reason") == TOKEN_SPENT:
            response = self._post(push, content, self._token.get(refused=token))
        if response.is_success:
            return str(response.headers.get("apns-id", push.message.send_id))
        raise self._error_of(response)

    def probe(self) -> str:
        """Ask with a token that no device has, and give the reason of the refusal: nobody is told anything.

        :raises DeliveryError: no answer came.
        """
        headers = {"authorization": f"bearer {self._token.get()}", "apns-topic": self._topic, "apns-push-type": "alert"}
        response = self._provider.call("POST", f"/3/device/{'0' * 64}", headers=headers, content=b'{"aps":{}}')
        return text_at(read_json(response), "reason")

    def _post(self, push: Push, content: bytes, token: str) -> httpx.Response:
        headers = {
            "authorization": f"bearer {token}",
            "content-type": "application/json",
            "apns-topic": self._topic,
            "apns-push-type": "alert",
            "apns-priority": "10",
            "apns-expiration": str(int(instant_of_call().timestamp()) + KEPT_SECONDS),
            # A repeated message takes the place of the first on the device.
            "apns-id": str(push.message.send_id),
            "apns-collapse-id": str(push.message.send_id),
        }
        return self._provider.call("POST", f"/3/device/{push.device.token}", headers=headers, content=content)

    def _error_of(self, response: httpx.Response) -> DeliveryError:
        """Give what a refusal means (Apple, "Handling notification responses from APNs")."""
        reason = text_at(read_json(response), "reason")
        if reason in DEAD or response.status_code == httpx.codes.GONE:
            return TokenDead(reason)
        if reason in SETUP:
            return self._provider.down(f"{response.status_code} {reason}", "credentials_refused")
        return self._provider.error_of(response, reason)


def body_of(push: Push) -> bytes:
    """Give the message as Apple takes it."""
    rendered = push.message.rendered
    own = {"send_id": str(push.message.send_id), **({"url": rendered.url} if rendered.url else {})}
    alert = {"title": rendered.subject, "body": rendered.text}
    body = json.dumps({"aps": {"alert": alert, "sound": "default"}, **own}, ensure_ascii=False).encode()
    if len(body) > PAYLOAD_BYTES_MAX:
        raise DeliveryError("push.too_long", f"{len(body)} bytes, at most {PAYLOAD_BYTES_MAX}", is_permanent=True)
    return body
