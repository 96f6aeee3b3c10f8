"""The main job as one story: customers, warehouse, program, segments, campaign, purchases, burn, reverse, proof."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from loyalty.gateways.demo.operations.caller import Caller, fresh_key
from loyalty.gateways.demo.operations.journeys import first_top_up, second_chance
from loyalty.gateways.demo.operations.world import NEWS, PROGRAM, SEGMENTS, THANKS, season

BUYERS_MAX = 150
HISTORY_MEMBERS_MAX = 800
PURCHASE_AMOUNT = "640.00"
PURCHASE_POINTS = 64
BATCH = 400
PAGE_ROWS = 500
JOURNEY_STARTS = 8


@dataclass(slots=True)
class MainJob:
    """The state of one telling of the story."""

    caller: Caller
    mail_folder: Path | None
    now: datetime
    program: dict[str, Any] = field(default_factory=dict)
    segments: dict[str, dict[str, Any]] = field(default_factory=dict)
    buyers: list[dict[str, Any]] = field(default_factory=list)

    def tell(self) -> None:
        """Do all of it, in order."""
        for title, part in (
            ("program with four tiers", self.make_program),
            ("segments over the warehouse", self.make_segments),
            ("campaign to a segment", self.run_campaign),
            ("purchases that earn", self.send_purchases),
            ("burn, reverse, statement", self.move_points),
            ("a season of earlier purchases", self.make_history),
            ("journeys with people inside", self.run_journeys),
            ("proof of the ledger", self.prove),
        ):
            began = monotonic()
            said = part()
            self.caller.say(f"{title}: {said} ({monotonic() - began:.1f} s)")

    def make_program(self) -> str:
        """Create the program."""
        start_date = (self.now - timedelta(days=400)).date().isoformat()
        self.program = self.caller.make("loyaltyPrograms/", {**PROGRAM, "start_date": start_date})
        self.caller.check("the program has four tiers", len(self.program["tiers"]) == 4)
        return str(self.program["name"])

    def make_segments(self) -> str:
        """Create the segments and recalculate the dynamic ones."""
        sizes = []
        for wanted in SEGMENTS:
            made = self.caller.make("segments/", wanted)
            if wanted["kind"] == "dynamic":
                preview = self.caller.make(f"segments/{made['id']}/preview/", {})
                started = self.caller.make(f"segments/{made['id']}/recalculate/", {})
                run = self.caller.await_run(started["run"])
                self.caller.check(f"{wanted['name']} is recalculated", run["status"] == "SUCCEEDED", run["error"])
                made = self.caller.get(f"segments/{made['id']}/")
                self.caller.check("preview and members agree", preview["count"] == made["member_count"], preview)
            self.segments[made["name"]] = made
            sizes.append(f"{made['name']} {made['member_count']:,}")
        friends = self.segments["Friends of the house"]
        some = [row["customer_ref"] for row in self.caller.get("customers/", page_size=5)["results"]]
        added = self.caller.make("segmentMembers/", {"segment": friends["id"], "customers": some})
        self.caller.check("friends are added by hand", added["added"] == len(some), added)
        return ", ".join(sizes)

    def _mails(self) -> int | None:
        if self.mail_folder is None:
            return None
        return sum(1 for name in ("new", "cur") for _ in (self.mail_folder / name).glob("*"))

    def run_campaign(self) -> str:
        """Trigger a campaign twice; the second time nothing may go out."""
        segment = self.segments["High value, still warm"]
        before = self._mails()
        campaign = self.caller.make(
            "campaigns/",
            {**NEWS, "program": self.program["id"], "segment": segment["id"], "status": "ACTIVE",
             "trigger": {"kind": "schedule", "cron": "0 9 * * 1", "timezone": PROGRAM["timezone"]}},
        )  # fmt: skip
        first = self.caller.post(f"campaigns/{campaign['id']}/trigger/", {"occurrence": "launch"})
        self.caller.check("the campaign is triggered", first.status_code == 202, first.text[:300])
        answer = first.json()
        if answer.get("run"):
            self.caller.await_run(answer["run"])
        done = self.caller.until(
            "all messages to be sent",
            lambda: self.caller.get(f"campaigns/{campaign['id']}/performance/"),
            lambda seen: seen["total_sent"] + seen["failed"] + seen["skipped"] >= answer["audience"],
        )
        excluded = sum(answer["excluded"].values())
        self.caller.check(
            "audience and excluded are the members", answer["audience"] + excluded == segment["member_count"], answer
        )
        self.caller.check("everyone who may be mailed is mailed", done["total_sent"] == answer["audience"], done)
        mails = self._mails()
        if before is not None and mails is not None:
            self.caller.check("one mail for each message", mails - before == done["total_sent"], (before, mails))
        again = self.caller.post(f"campaigns/{campaign['id']}/trigger/", {"occurrence": "launch"})
        self.caller.check("the same occurrence sends nothing", again.status_code == 200, again.text[:300])
        return f"{done['total_sent']:,} mails, {excluded:,} left out"

    def _purchase(self, customer: dict[str, Any], event_id: str) -> dict[str, Any]:
        return {
            "event_id": event_id,
            "event_type": "customer.purchase",
            "customer_ref": customer["customer_ref"],
            "occurred_at": self.now.isoformat(),
            "event_data": {
                "amount": PURCHASE_AMOUNT,
                "currency": PROGRAM["currency"],
                "product_id": "bundle-30gb",
                "product_category": "data",
                "channel": "app",
            },
        }

    def _account(self, customer: dict[str, Any]) -> dict[str, Any] | None:
        rows = self.caller.get("loyaltyAccounts/", customer_ref=customer["customer_ref"])["results"]
        return next((row for row in rows if row["program"] == self.program["id"]), None)

    def send_purchases(self) -> str:
        """Send purchases, each twice; points are earned once, the tier rises, a campaign answers."""
        thanks = self.caller.make(
            "campaigns/", {**THANKS, "program": self.program["id"], "segment": None, "status": "ACTIVE"}
        )
        self.buyers = self.caller.get("customers/", page_size=BUYERS_MAX)["results"]
        run_mark = fresh_key("purchase")
        events = [self._purchase(buyer, f"{run_mark}-{number}") for number, buyer in enumerate(self.buyers)]
        first = self.caller.make("webhooks/customer-events/", {"events": events})
        again = self.caller.make("webhooks/customer-events/", {"events": events})
        self.caller.check("all purchases are taken in", first["accepted"] == len(events), first)
        self.caller.check("the same events are duplicates", again["duplicates"] == len(events), again)
        for buyer in (self.buyers[0], self.buyers[-1]):
            account = self.caller.until(
                "points to be earned",
                lambda buyer=buyer: self._account(buyer),  # type: ignore[misc]
                lambda seen: seen is not None and seen["points_balance"] > 0 and seen["tier"]["code"] == "silver",
            )
            self.caller.check("a purchase earns once", account["points_balance"] == PURCHASE_POINTS, account)
        answered = self.caller.until(
            "the campaign to answer each purchase",
            lambda: self.caller.get(f"campaigns/{thanks['id']}/performance/"),
            lambda seen: (
                seen["total_sent"] + seen["failed"] + seen["skipped"] + sum(seen["excluded"].values()) >= len(events)
            ),
        )
        self.caller.check("a purchase is answered by mail", answered["total_sent"] > 0, answered)
        return (
            f"{len(events):,} purchases, {PURCHASE_POINTS} points each, tier Silver reached, "
            f"{answered['total_sent']:,} thanked by mail"
        )

    def move_points(self) -> str:
        """Burn, try too much, reverse, read the statement, reconcile."""
        account = self._account(self.buyers[0])
        assert account is not None
        key, body = fresh_key("burn"), {"account_id": account["id"], "points": 20, "transaction_context": {}}
        burned = self.caller.post("services/points/burn/", body, key=key)
        self.caller.check("points are burned", burned.status_code == 201, burned.text[:300])
        replayed = self.caller.post("services/points/burn/", body, key=key)
        self.caller.check("a retry gives the first answer", replayed.content == burned.content, replayed.text[:300])
        greedy = self.caller.post("services/points/burn/", {**body, "points": 10_000_000}, key=fresh_key("burn"))
        self.caller.check("too much is refused", greedy.json().get("code") == "points.insufficient", greedy.text[:300])
        reversal = self.caller.post(
            "services/points/reverse/",
            {"transaction_id": burned.json()["transaction_id"], "reason": "demo"},
            key=fresh_key("reverse"),
        )
        self.caller.check("a burn is reversed", reversal.status_code == 201, reversal.text[:300])
        after = self._account(self.buyers[0])
        self.caller.check("the balance is restored", bool(after) and after["points_balance"] == PURCHASE_POINTS, after)  # type: ignore[index]
        statement = self.caller.get(f"loyaltyAccounts/{account['id']}/statement/")["results"]
        self.caller.check("the statement tells three movements", len(statement) == 3, len(statement))
        reconciled = self.caller.get(f"services/points/reconcile/{account['id']}/")
        self.caller.check("the account reconciles", reconciled["is_balanced"] is True, reconciled)
        return "20 points burned and restored"

    def make_history(self) -> str:
        """Give members a past, in sets, so that charts and tiers have something to show.

        Whoever bought today is left out, and the others' purchases are told in the order in which they happened, each
        round when the tiers have followed the one before: what is told out of order is corrected, and a statement full
        of corrections reads badly.
        """
        known = {buyer["customer_ref"] for buyer in self.buyers}
        customers = self._all("customers/", HISTORY_MEMBERS_MAX + len(known))
        members = [one for one in customers if one["customer_ref"] not in known][:HISTORY_MEMBERS_MAX]
        rounds = season(members, self.now)
        earned = 0
        for number, told in enumerate(rounds):
            rows = [row | {"program_id": self.program["id"], "currency": PROGRAM["currency"]} for row in told]
            for start in range(0, len(rows), BATCH):
                body = {"items": rows[start : start + BATCH], "idempotency_key": f"demo-history-{number}-{start}"}
                earned += self.caller.make("services/points/earn/batch/", body)["earned"]
            self.caller.until("the tiers to follow", self._tiers_behind, lambda behind: not behind)
        total = sum(len(told) for told in rounds)
        self.caller.check("the history is earned", earned == total, (earned, total))
        return f"{earned:,} earns for {len(members):,} members"

    def _journey(self, name: str, description: str, graph: dict[str, Any]) -> dict[str, Any]:
        """Make a journey, publish it, and let it run."""
        body = {"name": name, "description": description, "program": self.program["id"], "graph": graph}
        made: dict[str, Any] = self.caller.make("journeys/", body)
        wrong = [one for one in made["draft"]["problems"] if one["severity"] == "error"]
        self.caller.check(f"the journey {name} can be published", not wrong, wrong)
        self.caller.make(
            f"journeys/{made['id']}/publish/", {"revision": made["draft"]["revision"], "comment": "First version"}
        )
        active: dict[str, Any] = self.caller.make(f"journeys/{made['id']}/activate/", {})
        self.caller.check(f"the journey {name} is live", active["status"] == "ACTIVE", active["status"])
        return active

    def run_journeys(self) -> str:
        """Let two journeys run: one takes in a whole segment, the other is started for one customer at a time."""
        segment = self.segments["At risk of leaving"]
        kept = self._journey(
            "Second chance", "Keeps customers who are about to leave.", second_chance(str(segment["id"]))
        )
        seen = self.caller.until(
            "the members of the segment to come in",
            lambda: self.caller.get(f"journeys/{kept['id']}/analytics/"),
            lambda told: told["entered"] + told["held_out"] >= segment["member_count"] and not _moving(told),
        )
        came = seen["entered"] + seen["held_out"]
        self.caller.check("each member came in once", came == segment["member_count"], (came, segment["member_count"]))
        thanked = self._journey("First top-up", "Thanks for a first top-up, in two ways.", first_top_up())
        for buyer in self.buyers[:JOURNEY_STARTS]:
            body = {"customer_id": buyer["id"], "context": {"amount": 20}}
            key = fresh_key("journey")
            first = self.caller.post(f"journeys/{thanked['id']}/start/", body, key=key)
            again = self.caller.post(f"journeys/{thanked['id']}/start/", body, key=key)
            self.caller.check("a journey is started", first.status_code == 201, first.text[:300])
            is_same = again.json().get("execution_id") == first.json().get("execution_id")
            self.caller.check("the same start is the same execution", is_same, again.text[:300])
        return f"{came:,} came in, {seen['held_out']:,} of them held out, {JOURNEY_STARTS} started by hand"

    def _tiers_behind(self) -> list[str]:
        """Give the accounts whose tier is not yet the one that their points reach."""
        ladder = sorted(((one["min_points"], one["code"]) for one in PROGRAM["tiers"]), reverse=True)
        behind = []
        for one in self._all("loyaltyAccounts/", program=self.program["id"]):
            reached = next(code for least, code in ladder if one["lifetime_points_earned"] >= least)
            if one["tier"] is None or one["tier"]["code"] != reached:
                behind.append(str(one["id"]))
        return behind

    def _all(self, path: str, most: int | None = None, **params: Any) -> list[dict[str, Any]]:
        """Read a list page by page, each where the one before says, as far as so many rows."""
        rows: list[dict[str, Any]] = []
        answer = self.caller.get(path, page_size=PAGE_ROWS, **params)
        while True:
            rows += answer["results"]
            if answer["next"] is None or (most is not None and len(rows) >= most):
                return rows
            answer = self.caller.get(answer["next"])

    def prove(self) -> str:
        """Ask the whole ledger for its proof."""
        proof = self.caller.get("services/points/proof/")
        self.caller.check("the ledger is balanced", proof["is_balanced"] is True, proof)
        violated = [row for row in proof["invariants"] if row["violations"]]
        self.caller.check("no invariant is violated", not violated, violated)
        totals = proof["totals"]
        return f"{len(proof['invariants'])} invariants hold, {totals['outstanding']:,} points outstanding"


def _moving(told: dict[str, Any]) -> bool:
    """Whether somebody still has a step to take that waits for nothing."""
    states = told["by_state"]
    return bool(states.get("NOT_STARTED", 0) + states.get("IN_PROGRESS", 0))
