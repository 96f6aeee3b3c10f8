"""Settings of the test suite: real PostgreSQL, a cache in the process, doorbells that nobody hears."""

import os

os.environ.setdefault("LOYALTY_SECRET_KEY", "vK3r-9QmZ2xTfJ7wLb0cYhN5uGdSa8EoPi1RkVt6WqXy4MzC_nBjHlUgDs")
os.environ.setdefault("DATABASE_URL", "postgres://khaywe@127.0.0.1:5432/khaywe")
os.environ.setdefault("LOYALTY_SECRETS_KEY", "test-only-yZcoQaUUch6sV5l9znZS4u00XlTHRzWOxzter4IBsVmIkX0Q")
# The other systems of the tests are stand-ins on this machine.
os.environ.setdefault("LOYALTY_EGRESS_NETWORKS", "127.0.0.0/8,::1/128")
os.environ.setdefault("LOYALTY_EGRESS_PORTS", "*")
os.environ.setdefault("LOYALTY_EGRESS_SCHEMES", "https,http")

from loyalty.config.settings.base import *  # noqa: E402, F403

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Argon2 is slow on purpose; tests sign in hundreds of times.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
# Doorbells ring into nothing: tests call what a worker would call.
CELERY_BROKER_URL = "memory://"
ALLOWED_HOSTS = ["*"]
# Test runs side by side share a server, and must not spend each other's limits.
LOYALTY_LIMITS_PREFIX = f"khaywe:test:{os.getpid()}"
# A database that has every table already: `./khaywe test` makes one, and each process of a run copies it.
if "KHAYWE_TEST_TEMPLATE" in os.environ:
    DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ["KHAYWE_TEST_TEMPLATE"]}  # noqa: F405
