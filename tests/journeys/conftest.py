"""The mail server of these tests, shared with those of delivery, and the warehouse of those of features."""

from tests.delivery.conftest import post
from tests.features.conftest import address, owner

__all__ = ["address", "owner", "post"]
