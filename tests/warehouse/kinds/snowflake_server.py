"""A server that speaks Snowflake's REST protocol to the real driver and answers from a DuckDB database.

It knows login, query, cancel and logout, sends results in the protocol's JSON form, and says errors with Snowflake's
numbers. What Snowflake's SQL does is not its matter: only the words that our connector uses are translated.
"""

import gzip
import json
import re
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb

_LITERAL = re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}
_WORDS = (
    (re.compile(r"CURRENT_USER\(\)"), "'LOYALTY_READER'"),
    (re.compile(r"CURRENT_ROLE\(\)"), "'READER'"),
    (re.compile(r"CURRENT_VERSION\(\)"), "'9.33.1'"),
    (re.compile(r"CURRENT_SCHEMA\(\)"), "'PUBLIC'"),
)
_WRITES = re.compile(r"\s*(insert|update|delete|drop|create|alter|merge|truncate|copy|grant)\b", re.IGNORECASE)
_TYPES = {"BOOLEAN": "boolean", "DOUBLE": "real", "FLOAT": "real", "DATE": "date", "TIMESTAMP": "timestamp_ntz",
          "TIMESTAMP WITH TIME ZONE": "timestamp_tz"}  # fmt: skip
_INTEGERS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 18, "HUGEINT": 38}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Account:
    """What lies behind the server, and what it was asked.

    :param grants: the rows of SHOW GRANTS: privilege, kind of object, name.
    """

    database: str
    grants: Sequence[tuple[str, str, str]] = (("USAGE", "DATABASE", "DWH"), ("SELECT", "TABLE", "DWH.PUBLIC.PEOPLE"))
    is_down: bool = False
    logins: list[dict[str, Any]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    running: list[duckdb.DuckDBPyConnection] = field(default_factory=list)


def to_duckdb(statement: str) -> str:
    """Write a statement's texts as DuckDB does, without backslashes, and its functions as values."""

    def plain(match: re.Match[str]) -> str:
        text = re.sub(r"\\(.)", lambda one: _ESCAPED.get(one[1], one[1]), match[1].replace("''", "'"), flags=re.DOTALL)
        return "'" + text.replace("'", "''") + "'"

    parts = re.split(r"('(?:[^'\\]|\\.|'')*')", statement, flags=re.DOTALL)
    return "".join(_LITERAL.sub(plain, part) if part.startswith("'") else _translated(part) for part in parts)


def _translated(part: str) -> str:
    for pattern, value in _WORDS:
        part = pattern.sub(value, part)
    part = part.replace("FROM information_schema.", "FROM schema_of_snowflake.")
    return re.sub(r"\bIN \(SELECT 1 WHERE 1!=1\)", "IN (NULL)", part)


class Server:
    """The server, on a free port."""

    def __init__(self, account: Account) -> None:
        self.account = account
        handler = type("Handler", (_Handler,), {"account": account})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._http.server_address[1])

    def close(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    account: Account

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer one call of the driver."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        asked = json.loads(body or b"{}")
        if self.account.is_down:
            self._answer({"success": False, "message": "down"}, 503)
        elif "login-request" in self.path:
            self.account.logins.append(asked["data"])
            self._answer({"success": True, "code": None, "message": None, "data": _session()})
        elif "query-request" in self.path:
            self._answer(self._query(asked["sqlText"]))
        else:
            self._answer({"success": True, "code": None, "message": None, "data": None})

    def _answer(self, answer: dict[str, Any], status: int = 200) -> None:
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _query(self, statement: str) -> dict[str, Any]:
        account = self.account
        account.statements.append(statement)
        if "CANCEL_ALL_QUERIES" in statement:
            for one in list(account.running):
                one.interrupt()
            return _result([("X", "text", {})], [["done"]])
        plain = statement.strip().rstrip(";").upper()
        if plain.startswith("ALTER SESSION") or plain in ("COMMIT", "ROLLBACK", "BEGIN", "USE SECONDARY ROLES NONE"):
            return _result([("STATUS", "text", {})], [["Statement executed successfully."]])
        if statement.startswith("SHOW GRANTS"):
            names = ("privilege", "granted_on", "name")
            return _result([(name, "text", {}) for name in names], [list(row) for row in account.grants])
        if _WRITES.match(statement):
            return _refusal(3001, "42501", "Insufficient privileges to operate on schema 'PUBLIC'.")
        return self._run(to_duckdb(statement))

    def _run(self, statement: str) -> dict[str, Any]:
        """Run a statement within the limit that the login asked for."""
        session = self.account.logins[-1]["SESSION_PARAMETERS"]
        with duckdb.connect(self.account.database, read_only=True) as connection:
            limit = threading.Timer(float(session["STATEMENT_TIMEOUT_IN_SECONDS"]), connection.interrupt)
            limit.start()
            self.account.running.append(connection)
            try:
                if len(connection.extract_statements(statement)) != 1:
                    return _refusal(8, "0A000", "Actual statement count 2 did not match the desired statement count 1.")
                cursor = connection.execute(statement)
                described = cursor.description or []
                rows = cursor.fetchall()
            except duckdb.InterruptException:
                return _refusal(630, "57014", "Statement reached its statement or warehouse timeout and was canceled.")
            except duckdb.BinderException as fault:
                return _refusal(904, "42000", f"SQL compilation error: invalid identifier {fault}")
            except duckdb.CatalogException as fault:
                return _refusal(
                    2003, "42S02", f"SQL compilation error: Object does not exist or not authorized. {fault}"
                )
            except duckdb.Error as fault:
                return _refusal(1003, "42000", f"SQL compilation error: {fault}")
            finally:
                limit.cancel()
                self.account.running.remove(connection)
        columns = [_column(str(one[0]), str(one[1])) for one in described]
        return _result(columns, [[_text(value) for value in row] for row in rows])


def _column(name: str, native: str) -> tuple[str, str, dict[str, Any]]:
    # Names that nobody quoted are upper case there.
    shown = name.upper() if re.fullmatch(r"[a-z_0-9]+", name) else name
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", native):
        return shown, "fixed", {"precision": int(match[1]), "scale": int(match[2])}
    if native in _INTEGERS:
        return shown, "fixed", {"precision": _INTEGERS[native], "scale": 0}
    return shown, _TYPES.get(native, "text"), {}


def _text(value: object) -> str | None:
    """Write a value as the protocol's JSON form does."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        seconds = Decimal((aware - EPOCH).days * 86_400 + (aware - EPOCH).seconds)
        return f"{seconds}.{aware.microsecond:06d}000" + (" 1440" if value.tzinfo is not None else "")
    if isinstance(value, date):
        return str((value - EPOCH.date()).days)
    return str(value)


def _session() -> dict[str, Any]:
    return {
        "token": "token",
        "masterToken": "master",
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "serverVersion": "9.33.1",
        "sessionId": 4711,
        "parameters": [{"name": "TIMEZONE", "value": "UTC"}],
        "sessionInfo": {"databaseName": "DWH", "schemaName": "PUBLIC", "warehouseName": "WH", "roleName": "READER"},
    }


def _result(columns: Sequence[tuple[str, str, dict[str, Any]]], rows: Sequence[Sequence[str | None]]) -> dict[str, Any]:
    rowtype = [{"name": name, "type": kind, "nullable": True, "scale": 9 if "timestamp" in kind else None, **more}
               for name, kind, more in columns]  # fmt: skip
    data = {
        "parameters": [],
        "rowtype": rowtype,
        "rowset": rows,
        "total": len(rows),
        "returned": len(rows),
        "queryId": str(uuid.uuid4()),
        "queryResultFormat": "json",
        "statementTypeId": 4096,
        "version": 1,
    }
    return {"success": True, "code": None, "message": None, "data": data}


def _refusal(number: int, state: str, message: str) -> dict[str, Any]:
    data = {"errorCode": f"{number:06d}", "sqlState": state, "queryId": str(uuid.uuid4()), "internalError": False}
    return {"success": False, "code": f"{number:06d}", "message": message, "data": data}
