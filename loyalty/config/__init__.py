"""Composition root: the only place that knows every domain."""

import gc

# Python looks through all that lives whenever 700 new objects are left over. Loading a process leaves a million and no
# garbage to speak of, so looking at that rate is a quarter of the time that it takes; a request reaches it many times.
NEW_OBJECTS_BEFORE_COLLECTING = 20_000
# Here, because whatever process it is (web, worker, relay, beat, a command), it reads this package before the domains.
gc.set_threshold(NEW_OBJECTS_BEFORE_COLLECTING)

# Every process that reads the settings rings through this application, not only the workers.
from loyalty.config.celery import app as celery_app  # noqa: E402

__all__ = ["NEW_OBJECTS_BEFORE_COLLECTING", "celery_app"]
