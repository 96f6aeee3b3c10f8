"""Knowing a process again by pid and start, and stopping what a killed launcher left. Real processes."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty.config.launch import ports
from loyalty.config.launch.folder import DataFolder, write_private_json
from loyalty.config.launch.processes import Program, started_at_of, stop_leftovers
from loyalty.config.launch.refusal import LaunchRefused, StepFailed
from loyalty.config.launch.supervisor import Supervisor
from tests.config.launching import environment, launch

_STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
)


@pytest.fixture
def stubborn() -> Iterator["subprocess.Popen[str]"]:
    """A process that ignores the polite signal."""
    popen = subprocess.Popen(
        [sys.executable, "-c", _STUBBORN], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert popen.stdout is not None
    popen.stdout.readline()
    yield popen
    popen.kill()
    popen.wait()
    popen.stdout.close()


def record(folder: DataFolder, pid: int, started_at: float | None) -> None:
    """Write what a killed launcher would have left."""
    children = {"it": {"pid": pid, "started_at": started_at, "stop_signal": 15}}
    write_private_json(folder.processes_file, {"launcher": {}, "children": children})


def test_leftover__ignores_the_polite_signal__is_ended(tmp_path: Path, stubborn: "subprocess.Popen[str]") -> None:
    folder = DataFolder(tmp_path)
    record(folder, stubborn.pid, started_at_of(stubborn.pid))
    assert stop_leftovers(folder, timeout_s=0.3) == 1
    assert stubborn.wait(timeout=5) == -9
    assert not folder.processes_file.exists()


def test_leftover__pid_given_to_another_process__is_left_alone(
    tmp_path: Path, stubborn: "subprocess.Popen[str]"
) -> None:
    folder = DataFolder(tmp_path)
    started_at = started_at_of(stubborn.pid)
    assert started_at is not None
    record(folder, stubborn.pid, started_at - 100)
    assert stop_leftovers(folder, timeout_s=0.3) == 0
    assert stubborn.poll() is None


@pytest.mark.parametrize(
    ("last_words", "refusal"),
    [("could not write: No space left on device", LaunchRefused), ("something else broke", StepFailed)],
)
def test_program__ends_before_it_is_ready__says_why(
    tmp_path: Path, last_words: str, refusal: type[Exception], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = DataFolder(tmp_path)
    folder.create()
    supervisor = Supervisor(folder)
    command = [sys.executable, "-c", f"import sys; sys.exit({last_words!r})"]
    supervisor.start(Program("it", command, environment(), tmp_path, is_ready=lambda: False))
    with pytest.raises(refusal) as refused:
        supervisor.await_ready("it", timeout_s=30)
    if refusal is LaunchRefused:
        assert str(refused.value) == f"The disk that holds {tmp_path} is full."
    else:
        assert f"it | {last_words}" in capfd.readouterr().err


def test_port__taken__is_refused_and_not_found_free() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.find_free(port) != port
        with pytest.raises(LaunchRefused, match="busy"):
            ports.check_free(port)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_port__out_of_range__is_refused(port: int) -> None:
    with pytest.raises(LaunchRefused, match="not a TCP port"):
        ports.check_free(port)


def test_demo__port_busy__says_so_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        refused = launch("demo", "--data", str(tmp_path), "--port", str(port))
    assert refused.returncode == 2
    assert (
        refused.stderr.strip()
        == f"Port {port} is busy or not allowed; choose another with --port, or leave --port out."
    )


def test_demo__customers_file_missing__says_so_in_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "nobody.csv"
    refused = launch("demo", "--data", str(tmp_path / "d"), "--customers-file", str(missing), "--id-column", "id")
    assert refused.returncode == 2
    assert refused.stderr.strip() == f"{missing} cannot be read: No such file or directory."


def test_up__database_url_leads_nowhere__says_so_in_one_sentence(tmp_path: Path) -> None:
    nowhere = f"postgresql://u:p@{ports.LOOPBACK}:1/d"
    refused = launch("up", "--data", str(tmp_path), DATABASE_URL=nowhere)
    assert refused.returncode == 2
    assert refused.stderr.startswith("DATABASE_URL cannot be used")
    assert len(refused.stderr.strip().splitlines()) == 1


def test_stop__nothing_there__is_no_fault(tmp_path: Path) -> None:
    assert launch("stop", "--data", str(tmp_path / "none")).returncode == 0
