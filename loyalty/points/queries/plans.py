"""What programs promise, remembered per process: versions never change, and an edit counter tells of new ones."""

import uuid
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from threading import Lock

from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from loyalty.programs.contracts import EVENT_PURCHASE, EVENT_REFERRED, ProgramPlan

History = list[tuple[datetime, ProgramPlan]]
# More programs than any installation runs; it only bounds the memory.
PROGRAMS_MAX = 200

DIRECTORY = "SELECT public_id, edit_version, status FROM programs_directory ORDER BY code"

EDITS = "SELECT public_id, edit_version FROM programs_directory WHERE public_id = ANY(%s::uuid[])"


class _Remembered:
    """Histories by program, each with the edit counter under which it was read."""

    histories: OrderedDict[uuid.UUID, tuple[int, History]] = OrderedDict()
    lock = Lock()


def get_history(program_id: uuid.UUID, edit_version: int) -> History:
    """Give every version of a program with its first instant, as of an edit counter that was just read.

    :raises ProgramNotFound: there is none of that id.
    """
    with _Remembered.lock:
        found = _Remembered.histories.get(program_id)
    if found is not None and found[0] == edit_version:
        return found[1]
    history = programs.list_plan_history(program_id)
    with _Remembered.lock:
        _Remembered.histories[program_id] = (edit_version, history)
        while len(_Remembered.histories) > PROGRAMS_MAX:
            _Remembered.histories.popitem(last=False)
    return history


def list_histories() -> dict[uuid.UUID, History]:
    """Give the versions of every active program, by program, in order of the programs' codes."""
    return {
        row["public_id"]: get_history(row["public_id"], row["edit_version"])
        for row in sql.fetch_all(DIRECTORY)
        if row["status"] == programs.ProgramStatus.ACTIVE.value
    }


def get_histories(program_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, History]:
    """Give the versions of many programs; those that do not exist are left out."""
    rows = sql.fetch_all(EDITS, [list(program_ids)]) if program_ids else []
    return {row["public_id"]: get_history(row["public_id"], row["edit_version"]) for row in rows}


def list_event_types() -> set[str]:
    """Give the events, other than purchases and referrals, by which rules of active programs have members earn."""
    plans = [plan for history in list_histories().values() for _, plan in history]
    named = {rule.event_type for plan in plans for rule in plan.earn_rules}
    # What points move tells of itself must not move points again.
    return {one for one in named if not one.startswith("points.")} - {EVENT_PURCHASE, EVENT_REFERRED}
