"""The ids that a message centre gives to segments, where it writes them otherwise in a receipt than in its answer.

SMPP calls them texts (3.4, 5.2.23); many centres count, answer in one base, and write their receipts in another.
"""

import re
from collections.abc import Mapping

AS_TOLD = "as_told"
# By the choice of the configuration the base of the centre's answer to submit_sm, and that of its receipts.
BASES: Mapping[str, tuple[int, int]] = {"hex_then_decimal": (16, 10), "decimal_then_hex": (10, 16)}
CHOICES = (AS_TOLD, *BASES)
NUMBERS = {10: re.compile(r"[0-9]{1,64}"), 16: re.compile(r"(?:0[xX])?[0-9A-Fa-f]{1,64}")}


def of_answer(text: str, choice: str) -> str:
    """Give the id of a segment as we keep it, of the answer to its submit_sm."""
    return text if choice == AS_TOLD else _in_decimal(text, BASES[choice][0])


def of_receipt(text: str, choice: str) -> str:
    """Give the id of a segment as we keep it, of a receipt."""
    return text if choice == AS_TOLD else _in_decimal(text, BASES[choice][1])


def _in_decimal(text: str, base: int) -> str:
    """Give a number in decimal, without leading zeros; what is no number stays as it is."""
    return str(int(text, base)) if NUMBERS[base].fullmatch(text) else text
