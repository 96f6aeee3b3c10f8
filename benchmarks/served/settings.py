"""The live settings with the addresses of the benchmark beside the platform's."""

from loyalty.config.settings.live import *  # noqa: F403

ROOT_URLCONF = "benchmarks.served.urls"
