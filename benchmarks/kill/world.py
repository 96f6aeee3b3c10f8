"""Makes what the clients play with: ``python -m benchmarks.kill.world TOKEN OUT [MEMBERS]``.

Few members, so that they are hot; a daily cap that is reached now and then; points that live 30 days, so that what was
bought 40 days ago is due at once.
"""

import json
import sys
from pathlib import Path
from typing import Any

import django

MEMBERS = 6
PROGRAM: dict[str, Any] = {
    "name": "Storm", "code": "storm", "status": "ACTIVE", "currency": "USD", "timezone": "UTC",
    "start_date": "2020-01-01",
    "tiers": [
        {"code": "base", "name": "Base", "min_points": 0, "multiplier": "1"},
        {"code": "more", "name": "More", "min_points": 5000, "multiplier": "1.5"},
    ],
    "earn_rule": {"*": [{"var": "transaction_amount"}, 0.1]},
    "burn_rule": {"/": [{"var": "points_requested"}, 100]},
    "earn_cap_daily": 1_000_000,
    "expiry_days": 30,
    "transfer": {"is_allowed": True},
    "adjustment": {"reason_codes": [{"code": "goodwill", "name": "Goodwill"}]},
}  # fmt: skip


def main() -> None:
    """Make a program and its members; write their ids."""
    django.setup()
    # Possible only when the applications are ready.
    from django.test import Client  # noqa: PLC0415

    from loyalty.customers import api as customers  # noqa: PLC0415
    from loyalty.foundation.kernel import clock  # noqa: PLC0415
    from loyalty.foundation.kernel.actor import system_actor  # noqa: PLC0415

    token, out = Path(sys.argv[1]).read_text().strip(), Path(sys.argv[2])
    client = Client(headers={"Authorization": f"Bearer {token}"}, SERVER_NAME="127.0.0.1")

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(f"/api/loyalty/v1/{path}", json.dumps(body), content_type="application/json")
        if answer.status_code not in (200, 201):
            raise SystemExit(f"benchmarks.kill: {path} answered {answer.status_code}: {answer.content[:500]!r}")
        made: dict[str, Any] = answer.json()
        return made

    program = post("loyaltyPrograms/", PROGRAM)
    members = int(sys.argv[3]) if len(sys.argv) > 3 else MEMBERS
    refs = [f"storm-{number}" for number in range(members)]
    customers.upsert_many(
        [customers.CustomerRecord(customer_ref=ref) for ref in refs],
        source="bench", actor=system_actor("bench"), now=clock.now(),
    )  # fmt: skip
    enrolled = [post("loyaltyAccounts/", {"customer_ref": ref, "program_id": program["id"]}) for ref in refs]
    accounts = [one["id"] for one in enrolled]
    out.write_text(
        json.dumps({"token": token, "program_id": program["id"], "account_ids": accounts, "customer_refs": refs})
    )


if __name__ == "__main__":
    main()
