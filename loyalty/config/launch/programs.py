"""The processes of the platform: what each one is called, how it is started, and how one sees that it is ready."""

import http.client
import sys
from pathlib import Path

from loyalty.config.celery import FACTS_QUEUE, HEARING_QUEUE, WORK_QUEUE
from loyalty.config.launch import ports
from loyalty.config.launch.environment import Endpoints
from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.processes import Program

ROOT = Path(__file__).resolve().parents[3]
_HTTP_OK = 200
WEB = "web"
# These fill a small machine, also while some threads wait for the disk; a larger installation sets its own numbers in
# its own process manager.
_WEB_WORKERS, _WEB_THREADS = 2, 4
_CELERY_PROCESSES = 2


def manage(*arguments: str) -> list[str]:
    """The command line of a management command."""
    return [sys.executable, "-m", "django", *arguments]


def stand_in(name: str, *arguments: str) -> list[str]:
    """The command line of a stand-in for a system around: a management command that loads nothing of the platform."""
    return [sys.executable, "-m", f"loyalty.delivery.management.commands.{name}", *arguments]


def outside_world(folder: DataFolder, environment: dict[str, str], endpoints: Endpoints) -> list[Program]:
    """What stands in for the systems around the platform: the mail server, the message centre and the BSS."""
    programs = []
    if endpoints.mail is not None:
        mail = endpoints.mail
        command = stand_in("run_mail_catcher", "--maildir", str(folder.mail), "--port", str(mail))
        programs.append(
            Program("mail", command, environment, ROOT, is_ready=lambda: ports.answers(mail)),
        )
    if endpoints.sms is not None:
        sms = endpoints.sms
        command = stand_in("run_sms_catcher", "--folder", str(folder.sms), "--port", str(sms))
        programs.append(
            Program("sms", command, environment, ROOT, is_ready=lambda: ports.answers(sms)),
        )
    if endpoints.xiva is not None:
        xiva = endpoints.xiva
        command = manage("run_xiva_simulator", "--port", str(xiva))
        programs.append(
            Program("xiva", command, environment, ROOT, is_ready=lambda: ports.answers(xiva)),
        )
    return programs


def background(folder: DataFolder, environment: dict[str, str]) -> list[Program]:
    """The relay that carries events on, the workers, and the beat that rings them."""
    celery = [sys.executable, "-m", "celery", "-A", "loyalty.config.celery"]
    plain = [*celery, "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    worker = [*plain, "--pool", "prefork", "--concurrency", str(_CELERY_PROCESSES)]
    # One reader reads facts for journeys at a time, so it needs no process beside its own.
    reader = [*plain, "--pool", "solo"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--schedule", str(folder.beat_file), "--pidfile", ""]
    kafka = [Program("kafka", manage("run_kafka"), environment, ROOT)]
    is_kafka_wanted = environment.get("LOYALTY_KAFKA_ENABLED", "").lower() in ("true", "1", "yes")
    return [
        *(kafka if is_kafka_wanted else []),
        # Always: a centre may be named in the console at any time, and it waits for that.
        Program("sms-receiver", manage("run_sms_receiver"), environment, ROOT),
        Program("relay", manage("run_relay"), environment, ROOT),
        Program("worker-facts", [*worker, "-Q", FACTS_QUEUE, "-n", "facts@%h"], environment, ROOT),
        Program("worker-hearing", [*reader, "-Q", HEARING_QUEUE, "-n", "hearing@%h"], environment, ROOT),
        Program("worker-work", [*worker, "-Q", WORK_QUEUE, "-n", "work@%h"], environment, ROOT),
        Program("beat", beat, environment, ROOT),
    ]


def web(environment: dict[str, str], endpoints: Endpoints) -> Program:
    """The web server. One thread per request handler; more workers give a flatter tail than more threads."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", ports.LOOPBACK, "--port", str(endpoints.web)),
        *("--workers", str(_WEB_WORKERS), "--blocking-threads", str(_WEB_THREADS)),
        *("--respawn-failed-workers", "--no-ws", "--log-level", "info", "loyalty.config.wsgi:application"),
    ]
    return Program(WEB, command, environment, ROOT, is_ready=lambda: _is_healthy(endpoints.web))


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == _HTTP_OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
