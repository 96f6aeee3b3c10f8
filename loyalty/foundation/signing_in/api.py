"""Front door of signing in."""

from loyalty.foundation.signing_in.contracts import (
    Challenge,
    Enrolment,
    Entry,
    Letter,
    ResetToken,
    SignInState,
    Visitor,
)
from loyalty.foundation.signing_in.operations.administering import end_all as end_all_of
from loyalty.foundation.signing_in.operations.administering import get_state, unlock
from loyalty.foundation.signing_in.operations.entering import answer, enter, remember_device
from loyalty.foundation.signing_in.operations.federating import arrive, depart, end_session_url, note_refused_arrival
from loyalty.foundation.signing_in.operations.federating import section as provider_section
from loyalty.foundation.signing_in.operations.forgetting import ask_reset, mail_resets
from loyalty.foundation.signing_in.operations.passwords import (
    change,
    demand_change,
    issue_reset,
    prove_password,
    reset,
)
from loyalty.foundation.signing_in.operations.second_factor import (
    confirm,
    count_codes,
    enrol,
    is_demanded,
    is_enrolled,
    remove,
    renew_codes,
    verify_code,
)
from loyalty.foundation.signing_in.operations.sessions import (
    begin,
    clear,
    end,
    end_all,
    end_one,
    end_others,
    prove,
    unlimit,
)
from loyalty.foundation.signing_in.queries import get_password_state, list_open_sessions
from loyalty.foundation.signing_in.registry import register_carrier

__all__ = [
    "Challenge",
    "Enrolment",
    "Entry",
    "Letter",
    "ResetToken",
    "SignInState",
    "Visitor",
    "answer",
    "arrive",
    "ask_reset",
    "begin",
    "change",
    "clear",
    "confirm",
    "count_codes",
    "demand_change",
    "depart",
    "end",
    "end_all",
    "end_all_of",
    "end_one",
    "end_others",
    "end_session_url",
    "enrol",
    "enter",
    "get_password_state",
    "get_state",
    "is_demanded",
    "is_enrolled",
    "issue_reset",
    "list_open_sessions",
    "mail_resets",
    "note_refused_arrival",
    "prove",
    "prove_password",
    "provider_section",
    "register_carrier",
    "remember_device",
    "remove",
    "renew_codes",
    "reset",
    "unlimit",
    "unlock",
    "verify_code",
]
