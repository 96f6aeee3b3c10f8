"""The WSGI application that the web server runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.config.settings.live")
# Loading leaves no garbage to speak of, and looking for it meanwhile is a seventh of the time that loading takes.
gc.disable()
application = get_wsgi_application()
# Load the views too, then leave out of all later collections what stays for the life of the process: now and then
# Python looks through everything that was ever loaded, 170 ms in which nothing is answered.
get_resolver().url_patterns  # noqa: B018 - reading it loads them
gc.collect()
gc.freeze()
gc.enable()
