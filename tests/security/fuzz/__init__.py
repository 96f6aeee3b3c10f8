"""Asks every operation of the contract with generated input, as somebody of a role, for as long as one likes.

``python -m tests.security.fuzz --role manager --minutes 30``. What is imported from here needs Django, which is set up
first; within pytest it has been.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.config.settings.test")
django.setup()
