"""Celery as a doorbell: workers look at rows when rung, and the beat rings every few seconds in any case."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.config.settings.live")

app = Celery("khaywe")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Every doorbell and how often it is rung in any case, in seconds. A message older than its period is useless:
# the next ring looks at the same rows, so it expires instead of piling up behind a stopped worker.
DOORBELLS: dict[str, float] = {
    "events.deliver": 2.0,
    "events.drop_old_months": 3600.0,
    "work.execute": 3.0,
    "exchange.send_webhooks": 5.0,
    "exchange.forget_deliveries": 3600.0,
    "programs.begin_due": 5.0,
    "points.expire_due": 300.0,
    "tiers.settle_due": 300.0,
    "points.start_daily_work": 300.0,
    "points.release_due_holds": 30.0,
    "points.activate_due": 60.0,
    "points.start_due_reconciliation": 3600.0,
    "delivery.send_due": 2.0,
    "delivery.apply_receipts": 5.0,
    "delivery.replan_held": 60.0,
    "delivery.forget_inbox": 3_600.0,
    "delivery.sweep_parts": 3_600.0,
    "campaigns.fire_due": 5.0,
    "journeys.advance": 2.0,
    "journeys.listen": 2.0,
    "journeys.sweep": 5.0,
    "journeys.ask_rules": 60.0,
    "features.refresh": 30.0,
    "segments.settle": 2.0,
    "segments.start_due": 10.0,
    "segments.keep_day": 3600.0,
    "audit.seal": 5.0,
    "approvals.expire_due": 60.0,
    "audit.verify_due": 3600.0,
    "signing_in.clear": 3600.0,
    "signing_in.mail_resets": 15.0,
}
# Facts come by the ten thousand; a person who presses "recalculate" must not wait behind them, so they have a queue of
# their own, and a worker of its own looks at it. Who hears of facts for journeys has one too: a customer who did what a
# journey waits for is led on within a second, also while a million others are being moved.
FACTS_QUEUE, WORK_QUEUE, HEARING_QUEUE = "facts", "work", "hearing"
app.conf.task_default_queue = WORK_QUEUE
OF_FACTS = ("events.deliver", "segments.settle", "journeys.advance")
app.conf.task_routes = {
    "journeys.listen": {"queue": HEARING_QUEUE},
    **{name: {"queue": FACTS_QUEUE} for name in OF_FACTS},
}
app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds * 2, 10.0)}}
    for name, seconds in DOORBELLS.items()
}
