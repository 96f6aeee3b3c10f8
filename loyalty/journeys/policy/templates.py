"""Journeys to begin with: each is a graph in which only the names of this installation are left to choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loyalty.journeys.errors import TemplateNotFound
from loyalty.journeys.policy.template_words import ARABIC

Json = dict[str, Any]
COLUMN, ROW = 280, 130


@dataclass(frozen=True, slots=True)
class JourneyTemplate:
    """A graph to begin with, and what it is for."""

    code: str
    title: str
    description: str
    graph: Mapping[str, Any]


def _node(name: str, kind: str, title: str, place: tuple[float, int], **config: Any) -> Json:
    column, row = place
    return {
        "id": name, "kind": kind, "name": title, "config": config,
        "position": {"x": int(column * COLUMN), "y": row * ROW},
    }  # fmt: skip


def _graph(nodes: Sequence[Json], ways: Sequence[str], **settings: Any) -> Json:
    """Give a graph; a way is written ``source[:branch] target``."""
    edges = []
    for way in ways:
        place, target = way.split()
        source, _, branch = place.partition(":")
        edges.append(
            {"id": f"{source}-{branch or 'next'}", "source": source, "target": target, "branch": branch or "next"}
        )
    return {"nodes": list(nodes), "edges": edges, "settings": {"re_entry": "never", "concurrency": "one", **settings}}


def _mail(subject: str, body: str) -> Json:
    return {"action_type": "send_email", "subject": subject, "body": body, "purpose": "marketing"}


def _welcome() -> Json:
    return _graph(
        [
            _node("start", "start", "New customers", (0, 0),
                trigger={"kind": "segment", "segment_id": "", "edge": "entered", "backfill": False}),
            _node("welcome", "action", "Welcome e-mail", (0, 1), **_mail(
                "Welcome to our loyalty program!",
                '<p>Hello {{ first_name | "friend" }}, good to have you with us.</p>')),
            _node("day", "wait", "One day", (0, 2), mode="duration", amount=1, unit="days"),
            _node("engaged", "condition", "Opened or followed a link?", (0, 3),
                rule={">": [{"var": "messages_opened_30d"}, 0]}, unknown="no"),
            _node("points", "action", "Welcome bonus", (-0.6, 4),
                action_type="award_points", points=100, reason="Welcome bonus"),
            _node("reminder", "action", "Reminder by text message", (0.6, 4), action_type="send_sms",
                message='Hello {{ first_name | "friend" }}, your bonus is waiting for you.', purpose="marketing"),
            _node("welcomed", "end", "Welcomed", (-0.6, 5), outcome="welcomed", is_goal=True),
            _node("reminded", "end", "Reminded", (0.6, 5), outcome="reminded", is_goal=False),
        ],
        [
            "start welcome", "welcome:success day", "day engaged", "engaged:yes points", "engaged:no reminder",
            "points:success welcomed", "reminder:success reminded", "reminder:failure reminded",
        ],
        max_duration_days=30,
    )  # fmt: skip


def _win_back() -> Json:
    return _graph(
        [
            _node("start", "start", "At risk", (0, 0),
                trigger={"kind": "segment", "segment_id": "", "edge": "entered", "backfill": True}),
            _node("offer", "action", "We miss you", (0, 1), **_mail(
                "We miss you", '<p>Hello {{ first_name | "friend" }}, come back and find something new.</p>')),
            _node("bought", "wait", "Buys within two weeks?", (0, 2), mode="event", event_type="customer.purchase",
                timeout={"amount": 2, "unit": "weeks"}),
            _node("thanks", "action", "Thank-you points", (-0.6, 3),
                action_type="award_points", points=200, reason="Welcome back"),
            _node("last", "action", "One more word", (0.6, 3), action_type="send_sms",
                message='{{ first_name | "Hello" }}, 200 points wait for your next purchase.', purpose="marketing"),
            _node("back", "end", "Won back", (-0.6, 4), outcome="won_back", is_goal=True),
            _node("gone", "end", "Not won back", (0.6, 4), outcome="not_won_back"),
        ],
        [
            "start offer", "offer:success bought", "offer:failure bought", "bought:next thanks", "bought:timeout last",
            "thanks:success back", "last:success gone", "last:failure gone",
        ],
        re_entry="cool_down", cool_down_days=90, max_duration_days=60, holdout_percent=10,
        goal={"event_type": "customer.purchase", "filter": None},
    )  # fmt: skip


def _tier_upgrade() -> Json:
    return _graph(
        [
            _node("start", "start", "Reached a tier", (0, 0), trigger={"kind": "event", "event_type": "tier.upgraded",
                "filter": None}),
            _node("morning", "wait", "Until the morning", (0, 1), mode="local_time", time="09:00", weekdays=[],
                time_zone="customer"),
            _node("mail", "action", "Congratulations", (0, 2), **_mail(
                "Congratulations: {{ event_to_tier_name }}",
                '<p>{{ first_name | "Hello" }}, you have reached {{ event_to_tier_name }}.</p>')),
            _node("bonus", "action", "Bonus points", (0, 3), action_type="award_points", points=50,
                reason="Tier reached", is_capped=False),
            _node("told", "end", "Congratulated", (0, 4), outcome="congratulated", is_goal=True),
        ],
        [
            "start morning", "morning mail", "mail:success bonus", "mail:failure bonus", "bonus:success told",
            "bonus:failure told",
        ],
        re_entry="each_occurrence", max_duration_days=7, concurrency="one_per_key", key_path="event.to_tier",
    )  # fmt: skip


def _abandoned_topup() -> Json:
    return _graph(
        [
            _node("start", "start", "Began a top-up", (0, 0), trigger={"kind": "event",
                "event_type": "customer.topup_started", "filter": None}),
            _node("done", "wait", "Finishes the same top-up?", (0, 1), mode="event", event_type="customer.topup",
                correlation=[{"event_path": "topup_id", "context_path": "event.topup_id"}],
                timeout={"amount": 1, "unit": "hours"}),
            _node("remind", "action", "Reminder", (0.6, 2), action_type="send_sms",
                message="Your top-up is not finished yet. It takes one more step.", purpose="marketing"),
            _node("later", "wait", "Finishes within a day?", (0.6, 3), mode="event", event_type="customer.topup",
                correlation=[{"event_path": "topup_id", "context_path": "event.topup_id"}],
                timeout={"amount": 1, "unit": "days"}, look_back={"amount": 2, "unit": "hours"}),
            _node("finished", "end", "Topped up", (0, 4), outcome="topped_up", is_goal=True),
            _node("abandoned", "end", "Abandoned", (1.2, 4), outcome="abandoned"),
        ],
        [
            "start done", "done:next finished", "done:timeout remind", "remind:success later",
            "remind:failure abandoned",
            "later:next finished", "later:timeout abandoned",
        ],
        re_entry="each_occurrence", max_duration_days=3, concurrency="one_per_key", key_path="event.topup_id",
    )  # fmt: skip


def _birthday() -> Json:
    return _graph(
        [
            _node("start", "start", "Has a birthday soon", (0, 0),
                trigger={"kind": "segment", "segment_id": "", "edge": "entered", "backfill": False}),
            _node("morning", "wait", "Until the morning", (0, 1), mode="local_time", time="09:00", weekdays=[],
                time_zone="customer"),
            _node("wish", "action", "Best wishes", (0, 2), **_mail(
                'Happy birthday, {{ first_name | "friend" }}!',
                '<p>Happy birthday, {{ first_name | "friend" }}! A present is in your account.</p>')),
            _node("gift", "action", "Present", (0, 3), action_type="award_points", points=100, reason="Birthday",
                is_capped=False),
            _node("wished", "end", "Wished", (0, 4), outcome="wished", is_goal=True),
        ],
        ["start morning", "morning wish", "wish:success gift", "wish:failure gift", "gift:success wished",
            "gift:failure wished"],
        # A birthday comes once a year, and a segment may be entered twice around midnight.
        re_entry="cool_down", cool_down_days=300, max_duration_days=7,
    )  # fmt: skip


TEMPLATES: tuple[JourneyTemplate, ...] = (
    JourneyTemplate(
        "welcome", "Welcome", "An e-mail, a day's pause, then points for who looked at it or a reminder.", _welcome()
    ),
    JourneyTemplate(
        "win_back", "Win back", "Write to customers at risk, wait two weeks for a purchase, compare with a holdout.",
        _win_back(),
    ),
    JourneyTemplate(
        "tier_upgrade", "Tier reached", "Congratulate in the morning and give bonus points.", _tier_upgrade()
    ),
    JourneyTemplate(
        "abandoned_topup", "Abandoned top-up", "Wait an hour for the same top-up to be finished, then remind once.",
        _abandoned_topup(),
    ),
    JourneyTemplate("birthday", "Birthday", "Best wishes in the morning and a present.", _birthday()),
)  # fmt: skip


def get_template(code: str, language: str = "en") -> JourneyTemplate:
    """Give a template, its steps named in ``language`` (``en`` or ``ar``).

    :raises TemplateNotFound: there is none of this code.
    """
    found = next((one for one in TEMPLATES if one.code == code), None)
    if found is None:
        raise TemplateNotFound(f"There is no template {code[:60]!r}.")
    return said_in(found, language)


def said_in(template: JourneyTemplate, language: str) -> JourneyTemplate:
    """Give a template with its title, what it is for and the names of its steps in a language.

    What customers would be written stays as it is: it belongs into versions of a template of delivery, by language.
    """
    if language != "ar":
        return template
    title, description, names = ARABIC[template.code]
    nodes = [{**one, "name": names[one["id"]]} for one in template.graph["nodes"]]
    return replace(template, title=title, description=description, graph={**template.graph, "nodes": nodes})
