"""Amazon's way to sign calls (Signature Version 4), and to sign what its notification service tells us."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from loyalty.delivery.errors import HookRefused

ALGORITHM = "AWS4-HMAC-SHA256"
# Only Amazon makes names under these; whoever signs a notification shows a certificate from there.
CERTIFICATE_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?", re.ASCII)
# What a notification's signature covers, in this order (SNS, "Verifying the signatures of messages").
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - SNS's version 1


def signed_headers(
    *,
    method: str,
    url: str,
    body: bytes,
    content_type: str,
    service: str,
    region: str,
    key_id: str,
    secret: str,
    now: datetime,
) -> dict[str, str]:
    """Give the headers of a call, its signature among them (AWS, "Create a signed AWS API request").

    The address has no query.
    """
    parts = urlsplit(url)
    at, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"content-type": content_type, "host": parts.netloc, "x-amz-date": at}
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            method,
            quote(parts.path or "/", safe="/-_.~"),
            "",
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = "\n".join([ALGORITHM, at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    authorization = f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"Content-Type": content_type, "X-Amz-Date": at, "Authorization": authorization}


def read_notification(body: bytes, topic_arn: str) -> Mapping[str, Any]:
    """Read what SNS posted, before its signature is checked.

    :raises HookRefused: it is no notification, or one of another topic: anybody may have topics at Amazon.
    """
    try:
        notification = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise HookRefused("This is no notification.") from fault
    if not isinstance(notification, dict) or str(notification.get("Type")) not in SIGNED:
        raise HookRefused("This is no notification.")
    if not topic_arn or not hmac.compare_digest(
        str(notification.get("TopicArn")).encode(errors="replace"), topic_arn.encode()
    ):
        raise HookRefused("This comes from another topic than the configured one.")
    return notification


def certificate_url(notification: Mapping[str, Any]) -> str:
    """Give where the certificate of a notification lies.

    :raises HookRefused: it is not Amazon's place.
    """
    return amazon_url(notification.get("SigningCertURL"))


def amazon_url(value: object) -> str:
    """Give an address that a notification names, if it is one of Amazon's notification service.

    :raises HookRefused: it leads elsewhere.
    """
    url = value if isinstance(value, str) else ""
    parts = urlsplit(url)
    if parts.scheme != "https" or "@" in parts.netloc or not CERTIFICATE_HOST.fullmatch(parts.hostname or ""):
        raise HookRefused("The address does not lead to Amazon's notification service.")
    return url


def check_notification(notification: Mapping[str, Any], certificate: bytes) -> None:
    """Check the signature of a notification by Amazon's certificate.

    :raises HookRefused: it does not fit.
    """
    names = SIGNED[str(notification["Type"])]
    text = "".join(f"{name}\n{notification[name]}\n" for name in names if isinstance(notification.get(name), str))
    algorithm = HASHES.get(str(notification.get("SignatureVersion")))
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        signature = base64.b64decode(str(notification.get("Signature")), validate=True)
        if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
            raise HookRefused("The notification is signed in a way that is not known here.")
        key.verify(signature, text.encode(errors="replace"), padding.PKCS1v15(), algorithm)
    except (ValueError, InvalidSignature) as fault:
        raise HookRefused("The signature of the notification does not fit.") from fault
