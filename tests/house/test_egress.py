"""Calls leave the platform in one place only."""

import ast

import pytest

from tests.house.source import Source, imported, sources

# Modules that open connections to other systems by themselves.
CLIENTS = (
    *(
        "socket",
        "ssl",
        "http.client",
        "urllib.request",
        "ftplib",
        "smtplib",
        "imaplib",
        "poplib",
        "telnetlib",
        "xmlrpc",
    ),
    *("requests", "urllib3", "aiohttp", "httpcore", "pycurl", "websockets", "websocket", "paramiko", "socks"),
)
# What of httpx makes a call; its types and errors may be named anywhere.
HTTPX_CALLS = {
    *("Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "get", "post", "put", "patch", "delete", "head"),
    *("options", "request", "stream"),
}
WAY_OUT = "loyalty/foundation/resilience/egress/"
# Why each of these may name what it names.
EXCEPTIONS = {
    # Starts and watches the platform's own processes on this machine.
    "loyalty/config/launch/": {"socket", "http.client"},
    # Speaks SMTP over the sockets that egress opened.
    "loyalty/delivery/kinds/email/smtp.py": {"socket", "smtplib"},
    # Name the errors of SMTP.
    "loyalty/delivery/kinds/email/providers/smtp.py": {"smtplib"},
    "loyalty/delivery/kinds/email/section.py": {"smtplib"},
    # Hands what anymail asks of requests to egress, and never to the network.
    "loyalty/delivery/kinds/email/providers/by_anymail.py": {"requests"},
    # Asks for this machine's name, to name files.
    "loyalty/delivery/kinds/email/catcher.py": {"socket"},
}


def calls_past_the_way_out(source: Source) -> list[str]:
    """Give the clients that a file names and may not."""
    if source.name.startswith(WAY_OUT):
        return []
    allowed = {one for place, names in EXCEPTIONS.items() if source.name.startswith(place) for one in names}
    found = []
    for name, node in imported(source.tree):
        client = next((one for one in CLIENTS if (name + ".").startswith(one + ".")), None)
        if client is not None and client not in allowed:
            found.append(f"{source.name}:{node.lineno} imports {name}")
        if name.startswith("httpx.") and name.removeprefix("httpx.") in HTTPX_CALLS:
            found.append(f"{source.name}:{node.lineno} imports {name}")
    found += [
        f"{source.name}:{node.lineno} calls httpx.{node.func.attr}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "httpx"
        and node.func.attr in HTTPX_CALLS
    ]
    return found


def test_calls__of_the_whole_platform__leave_through_egress() -> None:
    assert [line for source in sources() for line in calls_past_the_way_out(source)] == []


@pytest.mark.parametrize(
    "planted",
    ["import socket", "import requests", "from urllib.request import urlopen", "import httpx\nhttpx.get('x')",
     "import httpx\nclient = httpx.Client()", "from httpx import Client", "from http.client import HTTPConnection"],
)  # fmt: skip
def test_calls__planted_client__is_found(planted: str) -> None:
    sample = next(one for one in sources() if one.name == "loyalty/customers/kinds/xiva/mapping.py")
    assert calls_past_the_way_out(Source(sample.path, planted, ast.parse(planted))) != []
