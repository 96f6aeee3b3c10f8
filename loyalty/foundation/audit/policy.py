"""Decisions of audit as pure functions: what rows that do not fit their block mean, and what anchors say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyalty.foundation.audit.contracts import Anchor, Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Pair:
    """What a block says of one row and what stands there now; a side that has nothing is None."""

    kept_id: int | None
    kept_place: int | None
    kept_leaf: bytes | None
    found_id: int | None
    found_place: int | None
    found_leaf: bytes | None


def diagnose_rows(block: int, pairs: Sequence[Pair]) -> Iterator[Fault]:
    """Say which rows of a block were edited, deleted, inserted or put in another order.

    A content that stands under another id than before was moved: the rows are all there, in another order.
    """
    kept = {pair.kept_leaf: pair.kept_id for pair in pairs if pair.kept_leaf is not None}
    found = {pair.found_leaf: pair.found_id for pair in pairs if pair.found_leaf is not None}
    for pair in pairs:
        if pair.found_id is None:
            if pair.kept_leaf in found:
                yield _row(FaultKind.REORDERED, block, pair.kept_id, f"now stands as row {found[pair.kept_leaf]}")
            else:
                yield _row(FaultKind.DELETED, block, pair.kept_id, "was sealed and is gone")
        elif pair.kept_id is None:
            if pair.found_leaf not in kept:
                yield _row(FaultKind.INSERTED, block, pair.found_id, "was not there when the block was sealed")
        elif pair.found_leaf != pair.kept_leaf:
            if pair.found_leaf in kept:
                yield _row(FaultKind.REORDERED, block, pair.found_id, f"was row {kept[pair.found_leaf]} when sealed")
            else:
                yield _row(FaultKind.EDITED, block, pair.found_id, "does not say what it said when it was sealed")
    yield from _out_of_order(block, pairs)


def _out_of_order(block: int, pairs: Sequence[Pair]) -> Iterator[Fault]:
    both = [pair for pair in pairs if pair.kept_place is not None and pair.found_place is not None]
    if [pair.found_id for pair in sorted(both, key=lambda one: one.found_place or 0)] != [p.found_id for p in both]:
        yield _row(FaultKind.REORDERED, block, None, "its rows stand in another order than when they were sealed")


def _row(kind: FaultKind, block: int, entry_id: int | None, words: str) -> Fault:
    name = "The block" if entry_id is None else f"Row {entry_id}"
    return Fault(kind, block, entry_id, f"{name}: {words}.")


def diagnose_block(number: int, *, is_hash_right: bool, is_linked: bool) -> Iterator[Fault]:
    """Say what is wrong with a block itself."""
    if not is_hash_right:
        yield Fault(FaultKind.BLOCK_EDITED, number, None, f"Block {number} does not have the hash of what it says.")
    if not is_linked:
        yield Fault(FaultKind.CHAIN_BROKEN, number, None, f"Block {number} does not follow the block before it.")


def diagnose_gaps(numbers: Iterable[int], first: int) -> Iterator[Fault]:
    """Say which blocks are missing among those that stand, in order of their number."""
    expected = first
    for number in numbers:
        if number > expected:
            gone = f"Block {expected} is" if number == expected + 1 else f"Blocks {expected} to {number - 1} are"
            yield Fault(FaultKind.BLOCK_DELETED, expected, None, f"{gone} gone.")
        expected = number + 1


def diagnose_anchors(
    outside: Sequence[Anchor], inside: Sequence[Anchor], hashes: Mapping[int, str], *, last_block: int, seen_to: int
) -> Iterator[Fault]:
    """Hold what was anchored against the chain as it stands.

    :param outside: the anchors of the file. :param inside: those of the outbox.
    :param hashes: the hash of each block that an anchor names and that stands.
    :param seen_to: the last block of an earlier look, which is a witness of the chain's length too.
    """
    named = {anchor.block for anchor in outside}
    cut: int | None = seen_to if seen_to > last_block else None
    for anchor in sorted({(one.block, one.hash) for one in (*outside, *inside)}):
        block, told = anchor
        if block > last_block:
            cut = max(cut or 0, block)
        elif hashes.get(block) not in (None, told):
            yield Fault(
                FaultKind.REWRITTEN,
                block,
                None,
                f"Block {block} was anchored with another hash: the chain was rewritten.",
            )
    if cut is not None:
        words = f"The chain ends at block {last_block}, and block {cut} was there: its tail was cut."
        yield Fault(FaultKind.CUT_TAIL, cut, None, words)
    for missing in sorted({anchor.block for anchor in inside} - named):
        yield Fault(
            FaultKind.ANCHOR_MISSING, missing, None, f"The anchor of block {missing} is not in the file outside."
        )
