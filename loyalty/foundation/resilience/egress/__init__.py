"""The one way out: every call to another system is checked here, and goes to the very address that was checked."""

from loyalty.foundation.resilience.egress.clients import client
from loyalty.foundation.resilience.egress.errors import (
    AddressRefused,
    AnswerTooLarge,
    AnswerUnreadable,
    EgressRefusal,
    HostRefused,
    HostUnknown,
    PortRefused,
    SchemeRefused,
    TimeSpent,
    UrlInvalid,
)
from loyalty.foundation.resilience.egress.gateway import Checked, check_host, check_place, check_url, open_socket
from loyalty.foundation.resilience.egress.policy import (
    Policy,
    PolicyInvalid,
    current_policy,
    provide_policy,
    read_policy,
    using,
)
from loyalty.foundation.resilience.egress.resolving import use_resolver
from loyalty.foundation.resilience.egress.transport import tls_context

__all__ = [
    "AddressRefused",
    "AnswerTooLarge",
    "AnswerUnreadable",
    "Checked",
    "EgressRefusal",
    "HostRefused",
    "HostUnknown",
    "Policy",
    "PolicyInvalid",
    "PortRefused",
    "SchemeRefused",
    "TimeSpent",
    "UrlInvalid",
    "check_host",
    "check_place",
    "check_url",
    "client",
    "current_policy",
    "open_socket",
    "provide_policy",
    "read_policy",
    "tls_context",
    "use_resolver",
    "using",
]
