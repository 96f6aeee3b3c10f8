"""Settings of the test suite: real PostgreSQL, a cache in the process, tasks run where they are rung."""

import os

os.environ.setdefault("LOYALTY_SECRET_KEY", "test-only-0123456789-abcdefghijklmnopqrstuvwxyz")
os.environ.setdefault("DATABASE_URL", "postgres://khaywe@127.0.0.1:5432/khaywe")

from loyalty.config.settings.base import *  # noqa: E402, F403

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Argon2 is slow on purpose; tests sign in hundreds of times.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
ALLOWED_HOSTS = ["*"]
