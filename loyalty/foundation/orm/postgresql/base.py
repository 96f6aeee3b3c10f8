"""The database wrapper that ``settings.DATABASES`` names as its engine.

Two things differ from Django's own. A connection that was kept is looked at before it is used again by asking the
socket whether the server has said anything, which is what a server that went away has done; Django sends a statement
and waits for its answer. And ``prepared_cursor`` gives a cursor whose statements are parsed and planned once per
connection.
"""

import select

from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus

from loyalty.foundation.orm.postgresql.prepared import PreparedCursor, PreparedStatements


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    _statements: PreparedStatements | None = None

    def is_usable(self) -> bool:
        """Tell whether a connection that was kept still stands."""
        if self.connection is None or self.connection.closed:
            return False
        if self.connection.info.transaction_status != TransactionStatus.IDLE:
            return bool(super().is_usable())
        # A server that ended the session has sent its farewell, and nothing else is sent unasked.
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN | select.POLLPRI)
        if not waiting.poll(0):
            return True
        return bool(super().is_usable())

    def prepared_cursor(self) -> CursorWrapper:
        """Open a cursor for a statement that is run often.

        :raises django.db.Error: the connection cannot be opened.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            if self._statements is None or self._statements.connection is not self.connection:
                self._statements = PreparedStatements(self.connection)
            # The hook by which Django wraps every cursor; its stubs leave it out.
            wrapped: CursorWrapper = self._prepare_cursor(PreparedCursor(self._statements))  # type: ignore[attr-defined]
        return wrapped

    def forget_prepared(self) -> bool:
        """Drop the connection with its prepared statements, unless a transaction is open on it; tell whether it did."""
        if self.in_atomic_block:
            return False
        self.close()
        return True
