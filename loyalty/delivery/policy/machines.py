"""Telling a machine that follows links from a person: gateways that look for poison, previews, prefetching programs.

What a machine did is kept beside the message and counts nowhere. Only what can be told at once is asked, so a machine
that behaves like a person is taken for one.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Machine(StrEnum):
    """Why a visit is taken for a machine's; empty is a person's."""

    NONE = ""
    HEAD = "head"
    PREFETCH = "prefetch"
    NO_AGENT = "no_agent"
    KNOWN_AGENT = "known_agent"
    TOO_FAST = "too_fast"


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a request tells of who asks."""

    method: str = "GET"
    user_agent: str = ""
    purpose: str = ""


# Crawlers, link previews of messengers, mail gateways and libraries name themselves. Google's picture proxy is none of
# them: it fetches when the person opens the mail.
AGENTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scan|monitor|headless|phantomjs|facebookexternalhit|whatsapp|telegrambot|"
    r"skypeuripreview|barracuda|mimecast|proofpoint|ironport|symantec|messagelabs|trend ?micro|fireeye|safelinks|"
    r"urldefense|bitdefender|curl/|wget/|python-|httpx|aiohttp|go-http-client|java/|okhttp|libwww|apache-httpclient|"
    r"node-fetch|axios|ruby|php/",
    re.IGNORECASE,
)
# The privacy proxy of a widespread mail program fetches every picture on arrival, under this name and no more.
BARE_AGENT = "Mozilla/5.0"
# Nobody reads a message and follows a link within so short a time of its leaving the house.
FASTEST = timedelta(seconds=1)


def machine_of(visitor: Visitor, *, is_open: bool, sent_at: datetime | None, now: datetime) -> Machine:
    """Give what shows that a visit is a machine's."""
    agent = visitor.user_agent.strip()
    reasons = (
        (visitor.method == "HEAD", Machine.HEAD),
        ("prefetch" in visitor.purpose.lower() or "preview" in visitor.purpose.lower(), Machine.PREFETCH),
        (not agent, Machine.NO_AGENT),
        (AGENTS.search(agent) is not None, Machine.KNOWN_AGENT),
        (is_open and agent == BARE_AGENT, Machine.KNOWN_AGENT),
        (sent_at is not None and timedelta() <= now - sent_at < FASTEST, Machine.TOO_FAST),
    )
    return next((machine for is_so, machine in reasons if is_so), Machine.NONE)
