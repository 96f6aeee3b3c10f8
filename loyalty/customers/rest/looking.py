"""Who looked at whose personal data: one audit row for a whole answer."""

from collections.abc import Sequence

from rest_framework.request import Request

from loyalty.customers import api
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.actors import actor_of

VIEW_PII = "customers.view_pii"
# A page has no more people; a longer list tells its length.
REFS_KEPT = 500


def note(request: Request, refs: Sequence[str]) -> None:
    """Write down that an answer shows these customers; of one it is their row, of more the row of the list."""
    actor, now = actor_of(request), clock.now()
    audit.record(
        actor=actor,
        act=VIEW_PII,
        subject_kind="customer" if len(refs) == 1 else "customer_list",
        subject_ref=refs[0] if len(refs) == 1 else request.path[:100],
        at=now,
        after={"path": request.path, "count": len(refs), "customers": list(refs[:REFS_KEPT])},
    )
    api.count_look(actor=actor, people=len(refs), now=now)
