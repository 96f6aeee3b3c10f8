"""The mail server of these tests, shared with those of delivery."""

from tests.delivery.conftest import post

__all__ = ["post"]
