"""Texts in files that people open with a spreadsheet."""

import re
from typing import Final

# What a spreadsheet runs, also behind what it skips when it reads a cell, and in the full width of Asian keyboards.
_FORMULA: Final = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def safe_cell(text: str) -> str:
    """Give a text as a cell that no spreadsheet takes for a formula: an apostrophe before what looks like one."""
    return f"'{text}" if _FORMULA.match(text) else text
