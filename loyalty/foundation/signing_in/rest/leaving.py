"""Signing out of the identity provider too."""

from loyalty.foundation.signing_in.models import Session


def end_session_url(session: Session) -> str:
    """Give where the browser goes to sign out there; nothing for a session that did not come from there."""
    return ""
