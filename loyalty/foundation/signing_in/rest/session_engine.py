"""Where Django keeps sessions: our table, under a hash of the cookie's key, with an end that counts at once."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction

from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in.models import Session
from loyalty.foundation.signing_in.operations import sessions
from loyalty.foundation.signing_in.queries import digest_of, find_session, lifetime


class SessionStore(SessionBase):
    """One session; ``row`` is its row once it was read."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.row: Session | None = None

    @classmethod
    def get_session_store_class(cls) -> type["SessionStore"]:
        """Give the class, which Django's own code asks for."""
        return cls

    def load(self) -> dict[str, Any]:
        """Read the session; one that is over is an empty one without a key."""
        self.row = find_session(self.session_key, clock.now()) if self.session_key else None
        if self.row is None:
            self._session_key = None
            return {}
        return dict(self.decode(self.row.data)) if self.row.data else {}

    def exists(self, session_key: str) -> bool:
        """Tell whether a key is in use."""
        return Session.objects.filter(digest=digest_of(session_key)).exists()

    def create(self) -> None:
        """Begin a session with a key of its own."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Write the session.

        :raises CreateError: the key is in use.
        :raises UpdateError: the session was ended while the request ran.
        """
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if must_create:
            self._insert(data)
        elif not Session.objects.filter(digest=digest_of(self.session_key), ended_at=None).update(
            data=self.encode(data), user_id=data.get(SESSION_KEY)
        ):
            raise UpdateError

    def _insert(self, data: dict[str, Any]) -> None:
        now = clock.now()
        row = Session(
            digest=digest_of(str(self.session_key)),
            data=self.encode(data),
            user_id=data.get(SESSION_KEY),
            began_at=now,
            last_seen_at=now,
            expires_at=now + lifetime(),
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as fault:
            raise CreateError from fault
        self.row = row

    def delete(self, session_key: str | None = None) -> None:
        """End the session; one that had a user stays in the list of those that ended."""
        key = session_key or self.session_key
        if key is None:
            return
        rows = Session.objects.filter(digest=digest_of(key))
        rows.filter(user=None).delete()
        sessions.end(rows=list(rows.filter(ended_at=None)), reason="signed_out", now=clock.now())

    def cycle_key(self) -> None:
        """Give the session another key, so that one who knew the old one does not get in with it."""
        old = self.session_key
        if old is None or self._get_session() is None or self.row is None:  # type: ignore[attr-defined]
            data = self._session  # type: ignore[attr-defined]
            self.create()
            self._session_cache = data
            return
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        Session.objects.filter(digest=digest_of(old)).update(digest=digest_of(str(self._session_key)))
        self.modified = True

    @classmethod
    def clear_expired(cls) -> None:
        """Drop what is over."""
        sessions.clear(clock.now())
