"""A client of the platform that knows its documents only: programs and members of its own, verbs, and the proof."""

import csv
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.stories.running import Platform, wait_for

AMOUNT = {"var": "transaction_amount"}
ONE_FOR_ONE = [{"code": "base", "rule": {"*": [AMOUNT, 1]}}]
CENTS = {"/": [{"var": "points_requested"}, 100]}
POINTS = "services/points"
# More than a browser would open, so that requests really meet.
CROWD = 64


def ago(**span: float) -> str:
    """Give an instant of the past."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def day(offset: int) -> str:
    """Give a day counted from today in UTC."""
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


def midnight_after(day_of: date) -> str:
    """Give the end of a day in UTC, as answers write it."""
    return f"{(day_of + timedelta(days=1)).isoformat()}T00:00:00Z"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Give status and code of a refusal, which is a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code and told["type"] and told["title"], told
    return answer.status_code, str(told["code"])


def done(answer: httpx.Response) -> dict[str, Any]:
    """Give the body of an answer that is no refusal."""
    assert answer.status_code in (200, 201, 202), answer.text
    told: dict[str, Any] = answer.json()
    return told


@dataclass(frozen=True, slots=True)
class Bank:
    """The platform as a bank's auditor sees it."""

    http: httpx.Client

    @classmethod
    def of(cls, running: Platform) -> "Bank":
        """Open one on a running platform."""
        limits = httpx.Limits(max_connections=CROWD, max_keepalive_connections=CROWD)
        headers = {"Authorization": f"Bearer {running.run['token']}"}
        url = f"{running.run['url']}/api/loyalty/v1/"
        return cls(httpx.Client(base_url=url, headers=headers, timeout=120, limits=limits))

    def of_another_user(self) -> "Bank":
        """Open one as a user of their own who may have members earn."""
        mark, password = uuid4().hex[:12], f"Tell-{uuid4().hex}"
        done(self.post("roles/", {"code": f"teller-{mark}", "name": "Teller", "permissions": ["points.earn"]}))
        user = {"username": mark, "password": password, "roles": [f"teller-{mark}"], "must_change_password": False}
        done(self.post("users/", user))
        http = httpx.Client(base_url=self.http.base_url, timeout=120)
        entry = str(self.http.base_url.join("/api/auth/login/"))
        done(http.post(entry, json={"username": mark, "password": password}))
        token = http.cookies.get("csrftoken") or ""
        http.headers.update({"X-CSRFToken": token, "Referer": str(self.http.base_url)})
        return Bank(http)

    def post(self, path: str, body: Any, key: str = "") -> httpx.Response:
        """Post under a new key, or the one given."""
        return self.http.post(path, json=body, headers={"Idempotency-Key": key or uuid4().hex})

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Read."""
        return done(self.http.get(path, params=query))

    def program(self, **document: Any) -> dict[str, Any]:
        """Make an active program of dollars in UTC that gives a point for one, unless it says otherwise."""
        code = f"BANK-{uuid4().hex[:10]}"
        given = {"name": code, "code": code, "currency": "USD", "status": "ACTIVE", "timezone": "UTC"}
        rules = {"earn_rules": ONE_FOR_ONE, "burn_rule": CENTS}
        return done(self.post("loyaltyPrograms/", given | rules | document))

    def members(self, program: dict[str, Any], count: int = 1, **columns: str) -> list[dict[str, Any]]:
        """Import customers of their own as members, since September unless told otherwise; give their accounts."""
        since = datetime.now(UTC).date() - timedelta(days=80)
        mark = uuid4().hex[:12]
        rows = [
            {"customer_ref": f"bank-{mark}-{number}", "enrolled_on": since.isoformat()} | columns
            for number in range(count)
        ]
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        made = done(
            self.http.post(
                "pointsImports/",
                params={"program": program["id"], "file_name": "members.csv"},
                content=text.getvalue(),
                headers={"Content-Type": "text/csv", "Idempotency-Key": mark},
            )
        )
        wait_for("the import", lambda: self.get(f"pointsImports/{made['id']}/")["rows_imported"] == count)
        return [self.account_of(program, row["customer_ref"]) for row in rows]

    def account_of(self, program: dict[str, Any], customer_ref: str) -> dict[str, Any]:
        """Give the main account of a customer in a program."""
        found = self.get("loyaltyAccounts/", program=program["id"], customer_ref=customer_ref, wallet="main")
        (account,) = found["results"]
        return dict(account)

    def account(self, member: dict[str, Any]) -> dict[str, Any]:
        """Read a member's account anew."""
        return self.get(f"loyaltyAccounts/{member['id']}/")

    def balance(self, member: dict[str, Any]) -> int:
        """Give what a member has."""
        return int(self.account(member)["points_balance"])

    def lots(self, member: dict[str, Any]) -> dict[str, int]:
        """Give the points left by the transaction that brought them."""
        told = self.get(f"loyaltyAccounts/{member['id']}/lots/")["results"]
        return {lot["transaction_id"]: lot["points_remaining"] for lot in told}

    def earn(self, member: dict[str, Any], amount: str = "", key: str = "", **more: Any) -> httpx.Response:
        """Have a member earn for a purchase, or for what ``more`` says."""
        body = {"account_id": member["id"]} | ({"transaction_amount": amount} if amount else {}) | more
        return self.post(f"{POINTS}/earn/", body, key)

    def burn(self, member: dict[str, Any], points: int, key: str = "") -> httpx.Response:
        """Redeem a member's points."""
        return self.post(f"{POINTS}/burn/", {"account_id": member["id"], "points": points}, key)

    def transfer(self, giver: dict[str, Any], taker: dict[str, Any], points: int) -> httpx.Response:
        """Let a member give points to another."""
        body = {"from_account_id": giver["id"], "to_account_id": taker["id"], "points": points}
        return self.post(f"{POINTS}/transfer/", body)

    def reverse(self, transaction_id: str, **part: Any) -> httpx.Response:
        """Take a transaction back."""
        return self.post(f"{POINTS}/reverse/", {"transaction_id": transaction_id} | part)

    def standing(self, member: dict[str, Any], part: str = "calculate") -> dict[str, Any]:
        """Give where a member stands, or what is projected of it."""
        return self.get(f"services/tier/{part}/", account_id=member["id"])

    def tier(self, member: dict[str, Any]) -> str | None:
        """Give the code of a member's tier."""
        told = self.account(member)["tier"]
        return str(told["code"]) if told else None

    def totals(self) -> dict[str, int]:
        """Give the totals of the whole book, which must hold."""
        proof = self.get(f"{POINTS}/proof/")
        broken = {one["code"]: one["examples"] for one in proof["invariants"] if one["violations"]}
        assert proof["is_balanced"], broken
        totals: dict[str, int] = proof["totals"]
        assert totals["outstanding"] == totals["issued"] - totals["redeemed"] - totals["expired"] + totals["adjusted"]
        return totals


def all_at_once(calls: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Make the calls at the same time."""
    with ThreadPoolExecutor(CROWD) as threads:
        return list(threads.map(lambda call: call(), calls))
