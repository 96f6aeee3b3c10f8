"""Where the things of points belong, for callers whose permission counts in some programs only."""

import uuid
from collections.abc import Callable, Sequence

from loyalty.foundation.kernel.grants import Place, Scope
from loyalty.foundation.web.scoping import Resolver, is_public_id
from loyalty.ledger import api as ledger
from loyalty.points.models import Pool


def placed(ids_to_programs: Callable[[Sequence[uuid.UUID]], dict[uuid.UUID, uuid.UUID]]) -> Resolver:
    """Make the resolver of things that stand in one program each; texts that are no ids lead nowhere."""

    def resolve(refs: Sequence[str]) -> dict[str, Place]:
        found = ids_to_programs([uuid.UUID(ref) for ref in refs if is_public_id(ref)])
        return {str(ref): {Scope.PROGRAM: str(program)} for ref, program in found.items()}

    return resolve


def of_book(kind: ledger.BookKind) -> Resolver:
    """Make the resolver of what the book keeps."""
    return placed(lambda ids: ledger.list_program_refs(kind, ids))


def _of_pools(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    return dict(Pool.objects.filter(public_id__in=ids).values_list("public_id", "program_public_id"))


# Kind -> how it is placed, and the names under which requests name it.
PLACES: dict[str, tuple[Resolver, tuple[str, ...]]] = {
    "account": (
        of_book(ledger.BookKind.ACCOUNT),
        ("account_id", "account", "from_account_id", "to_account_id", "into_account_id"),
    ),
    "transaction": (of_book(ledger.BookKind.TRANSACTION), ("transaction_id",)),
    "hold": (of_book(ledger.BookKind.HOLD), ("hold_id",)),
    "pool": (placed(_of_pools), ("pool_id",)),
}
