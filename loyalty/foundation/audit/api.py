"""Front door of audit."""

from loyalty.foundation.audit.contracts import Anchor, Fault, FaultKind, VerificationView
from loyalty.foundation.audit.operations.anchoring import anchor, anchor_due
from loyalty.foundation.audit.operations.recording import record, recording
from loyalty.foundation.audit.operations.sealing import seal
from loyalty.foundation.audit.operations.verifying import verify, verify_due
from loyalty.foundation.audit.queries import has_acted
from loyalty.foundation.audit.registry import link_of, register_link

__all__ = [
    "Anchor",
    "Fault",
    "FaultKind",
    "VerificationView",
    "anchor",
    "anchor_due",
    "has_acted",
    "link_of",
    "record",
    "recording",
    "register_link",
    "seal",
    "verify",
    "verify_due",
]
