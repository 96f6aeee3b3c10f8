"""The environment handed to every process: what the user set stays, what is missing points at the embedded servers."""

import os
from dataclasses import dataclass

import psycopg
import redis

from loyalty.config.launch import postgres, valkey
from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.ports import LOOPBACK
from loyalty.config.launch.postgres import Use
from loyalty.config.launch.progress import say, step
from loyalty.config.launch.refusal import LaunchRefused
from loyalty.config.launch.supervisor import Supervisor

SETTINGS = "loyalty.config.settings.live"
POSTGRES_OLDEST, POSTGRES_NEWEST = 15, 18
XIVA_USER = "khaywe"
LOCAL_EGRESS = {
    "LOYALTY_EGRESS_NETWORKS": "127.0.0.0/8,::1/128",
    "LOYALTY_EGRESS_PORTS": "*",
    "LOYALTY_EGRESS_SCHEMES": "https,http",
}
_SETTINGS = ("DATABASE_URL", "REDIS_URL", "DWH_", "XIVA_", "EMAIL_", "FEATURE_STORE_", "LOYALTY_", "DJANGO_")


@dataclass(frozen=True)
class Endpoints:
    """The ports of this start; None where the user named a real system instead."""

    web: int
    mail: int | None
    sms: int | None
    xiva: int | None


def of_user() -> dict[str, str]:
    """The environment as the user set it."""
    return dict(os.environ)


def without_settings() -> dict[str, str]:
    """The user's environment without any setting of the platform: tests and benchmarks must not touch real systems."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}


def base(folder: DataFolder, users: dict[str, str]) -> dict[str, str]:
    """The user's environment with what does not depend on a port."""
    environment = dict(users)
    environment.setdefault("LOYALTY_SECRET_KEY", folder.secret("secret_key", length=48))
    environment.setdefault("LOYALTY_SECRETS_KEY", folder.secret("secrets_key", length=48))
    environment.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    # The embedded servers and the demo's other systems are on this machine.
    for name, value in LOCAL_EGRESS.items():
        environment.setdefault(name, value)
    environment["LOYALTY_DATA_DIR"] = str(folder.root)
    environment["PYTHONUNBUFFERED"] = "1"
    # The processes are many and the cores few: no numeric library may start a thread per core in each of them.
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    return environment


def start_servers(
    supervisor: Supervisor, folder: DataFolder, users: dict[str, str], *, use: Use = Use.EARNEST
) -> dict[str, str]:
    """Start the embedded servers the user did not replace, and return the environment that leads to all of them."""
    environment = base(folder, users)
    has_own_warehouse = "DWH_POSTGRESQL_URL" in users or users.get("DWH_TYPE", "postgresql") != "postgresql"
    if "DATABASE_URL" in users:
        say(f"using the PostgreSQL {check_postgres(users['DATABASE_URL'])} of DATABASE_URL")
    if "DATABASE_URL" not in users or not has_own_warehouse:
        with step("starting PostgreSQL"):
            databases = postgres.start(supervisor, folder, environment, use=use)
        environment.setdefault("DATABASE_URL", databases.loyalty_url)
        if not has_own_warehouse:
            environment["DWH_TYPE"] = "postgresql"
            environment["DWH_POSTGRESQL_URL"] = databases.warehouse_reader_url
            environment["DWH_ADMIN_URL"] = databases.warehouse_owner_url
    if "REDIS_URL" in users:
        check_redis(users["REDIS_URL"])
        say("using the server of REDIS_URL")
    else:
        with step("starting Valkey"):
            environment["REDIS_URL"] = valkey.start(supervisor, folder, environment)
    return environment


def with_endpoints(environment: dict[str, str], folder: DataFolder, endpoints: Endpoints) -> dict[str, str]:
    """The environment with the addresses of the processes themselves."""
    extended = {**environment}
    extended.setdefault("LOYALTY_PUBLIC_URL", f"http://{LOOPBACK}:{endpoints.web}")
    if endpoints.mail is not None:
        extended |= {"EMAIL_HOST": LOOPBACK, "EMAIL_PORT": str(endpoints.mail), "LOYALTY_EMAIL_RELAY_IS_FINAL": "true"}
    if endpoints.sms is not None:
        extended |= {
            "LOYALTY_SMS_PROVIDER": "smpp",
            "LOYALTY_SMPP_HOST": LOOPBACK,
            "LOYALTY_SMPP_PORT": str(endpoints.sms),
        }
    if endpoints.xiva is not None:
        extended |= {
            "XIVA_API_BASE_URL": f"http://{LOOPBACK}:{endpoints.xiva}",
            "XIVA_API_USERNAME": XIVA_USER,
            "XIVA_API_PASSWORD": folder.secret("xiva_password"),
        }
    return extended


def check_postgres(url: str) -> int:
    """The major version behind a user's own address, refused when it is out of range or does not answer."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            major = connection.info.server_version // 10_000
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise LaunchRefused(f"DATABASE_URL cannot be used: {reason}") from None
    if not POSTGRES_OLDEST <= major <= POSTGRES_NEWEST:
        raise LaunchRefused(
            f"DATABASE_URL leads to PostgreSQL {major}; versions {POSTGRES_OLDEST} to {POSTGRES_NEWEST} are supported."
        )
    return major


def check_redis(url: str) -> None:
    """Refuse a REDIS_URL behind which nobody answers."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise LaunchRefused(f"REDIS_URL cannot be used: {error}") from None
