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
    "work.execute": 3.0,
    "points.expire_due": 300.0,
    "delivery.send_due": 2.0,
    "campaigns.fire_due": 5.0,
    "features.refresh": 30.0,
}
app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds * 2, 10.0)}}
    for name, seconds in DOORBELLS.items()
}
