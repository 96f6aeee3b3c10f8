"""Settings of the running platform: the base as it stands."""

from loyalty.config.settings.base import *  # noqa: F403
