"""Give points: earned directly, in one ledger statement for the whole batch."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import (
    FAILURE,
    SKIP,
    SUCCESS,
    ActionCall,
    ActionOutcome,
    ActionRow,
    FieldKind,
    FieldSpec,
    Problem,
)
from loyalty.journeys.kinds.actions import values
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy.reasons import Reason, refused
from loyalty.points import api as points
from loyalty.programs import api as programs

KEY_SCOPE = "journeys"
ACTOR = system_actor("journeys.award_points")
POINTS_MAX = 10_000_000
# The ledger takes so many lines in one statement.
LINES_MAX = 1_000
# Refusals that concern the customer and not the action: the journey goes on without.
PASSED_OVER = frozenset({"points.not_a_member", "points.member_unknown", "account.not_active", "points.cap_reached"})


class AwardPoints:
    """``{"points", "program_id"?, "wallet"?, "reason", "is_capped"?}``."""

    kind = "award_points"
    title = "Give points"
    description = "Points are earned at once, under the step's own key, so that nobody is given them twice."
    icon = "i-lucide-coins"
    group = "points"
    unavailable_reason = ""
    fields = (
        FieldSpec("points", FieldKind.INTEGER, "Points", is_required=True, minimum=1, maximum=POINTS_MAX),
        FieldSpec(
            *("program_id", FieldKind.PROGRAM, "Program"),
            description="The journey's program, or the only active one, when none is chosen.",
        ),
        FieldSpec("wallet", FieldKind.TEXT, "Wallet", maximum=40, default="main"),
        FieldSpec("reason", FieldKind.TEXT, "Reason", maximum=200),
        FieldSpec("is_capped", FieldKind.BOOLEAN, "Caps count", default=True),
    )

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the program against those that there are."""
        named = config.get("program_id")
        if not named or _program_exists(named):
            return []
        return [
            Problem(
                "journeys.program_unknown", "The program does not exist.", "Choose a program.", field="program_id"
            )
        ]  # fmt: skip

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell the points and the balance before."""
        program = values.program_of(call.config, call, now)
        amount = int(call.config.get("points") or 0)
        found = points.find_member(customer_id=row.customer_id, program_id=program) if program else None
        shown = {"points": amount, "program_id": str(program) if program else None, "is_member": found is not None}
        if program is None:
            return Effect(Reason("points_no_program"), FAILURE, shown)
        if found is None and not _takes_in(program, now):
            return Effect(Reason("points_no_member"), SKIP, shown)
        return Effect(Reason("points_given", points=f"{amount:,}"), SUCCESS, shown, result={"points_amount": amount})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Earn for all rows; whoever is no member is taken in where the program does that by itself."""
        program = values.program_of(call.config, call, now)
        if program is None or not _program_exists(program):
            told = ActionOutcome(FAILURE, {"code": "journeys.program_unknown"}, (Reason("program_missing"),))
            return [told] * len(rows)
        if _takes_in(program, now):
            ids = list({row.customer_id for row in rows})
            points.enroll_members(program_id=program, customer_ids=ids, actor=ACTOR, now=now)
        outcomes: list[ActionOutcome] = []
        for start in range(0, len(rows), LINES_MAX):
            requests = [_request(call, row, program, now) for row in rows[start : start + LINES_MAX]]
            lines = points.earn_batch(requests=requests, actor=ACTOR, now=now)
            outcomes += [_outcome(line) for line in lines]
        return outcomes


def _request(call: ActionCall, row: ActionRow, program: uuid.UUID, now: datetime) -> points.EarnRequest:
    config = call.config
    amount, wallet = int(config["points"]), str(config.get("wallet") or programs.WALLET_MAIN)
    # The key alone names the effect; what is asked for is in its fingerprint, so that a clash would be seen.
    told = dumps_exact([str(row.customer_id), str(program), amount, wallet])
    return points.EarnRequest(
        member=points.MemberRef(customer_id=row.customer_id, program_id=program),
        key=points.Key(scope=KEY_SCOPE, key=row.key, request_hash=hashlib.sha256(told).digest()),
        occurred_at=now,
        points=amount,
        wallet=wallet,
        is_capped=bool(config.get("is_capped", True)),
        context={"reason": str(config.get("reason") or call.journey_name), "journey_id": str(call.journey_id)},
    )


def _outcome(line: points.EarnLine) -> ActionOutcome:
    receipt = line.receipt
    if receipt is not None:
        result = {
            "transaction_id": str(receipt.transaction_id) if receipt.transaction_id else None,
            "points_amount": receipt.points_amount,
            "points_balance": receipt.points_balance,
        }
        if receipt.transaction_id is None:
            return ActionOutcome(SKIP, result, (Reason("points_none"),))
        return ActionOutcome(SUCCESS, result, (Reason("points_gave", points=f"{receipt.points_amount:,}"),))
    branch = SKIP if line.code in PASSED_OVER else FAILURE
    return ActionOutcome(branch, {"code": line.code}, (refused(line.code, line.message),))


def _program_exists(named: object) -> bool:
    try:
        program = uuid.UUID(str(named))
    except ValueError:
        return False
    return sql.fetch_one("SELECT 1 FROM programs_directory WHERE public_id = %s", [program]) is not None


def _takes_in(program: uuid.UUID, now: datetime) -> bool:
    try:
        return programs.get_plan(program, at=now).enrollment is programs.Enrollment.AUTOMATIC
    except programs.ProgramNotFound:
        return False
