"""`./khaywe test`: every test of the project, from nothing, on servers of its own, and nothing left running."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from loyalty.config.launch import console_build, counting, demo, postgres, programs
from loyalty.config.launch.beside import Result, beside, write_results
from loyalty.config.launch.counting import Count
from loyalty.config.launch.environment import without_settings
from loyalty.config.launch.folder import DataFolder, read_json
from loyalty.config.launch.identity import choose_for_postgres
from loyalty.config.launch.installation import Installation, opened
from loyalty.config.launch.postgres import Use
from loyalty.config.launch.progress import say
from loyalty.config.launch.refusal import LaunchRefused, StepFailed
from loyalty.config.launch.supervisor import stop_signals

# Large enough that every segment and tier of the demo world has members, small enough to be built in seconds.
_E2E_CUSTOMERS = 400
# One more than the two processors we build for: each waits for the database about a third of its time.
_PYTEST_PROCESSES = 3
# A file, or files that share a running platform, belong to one process, so that what they share is built once.
_SIDE_BY_SIDE = ("-n", str(_PYTEST_PROCESSES), "--dist", "loadfile")
# What runs beside the backend: a bundler, a browser and its server, which wait for each other half of the time.
_BESIDE = ("console", "e2e")
# The database that the databases of the tests are copied from, instead of running all migrations for each of them.
_TEMPLATE = "KHAYWE_TEST_TEMPLATE"
_INSTALL_MODULES = "from loyalty.config.launch import console_build; console_build.install_modules()"
_VITEST = "node_modules/vitest/vitest.mjs"
_PLAYWRIGHT = "node_modules/@playwright/test/cli.js"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_CHROMIUM_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def test(parts: list[str], report: Path | None = None) -> int:
    """Run the parts, say what each one gave, and return 0 only when nothing failed.

    Named parts run one after another. Without a name all run, in two rows side by side: neither keeps two processors
    busy all the time. The house's tests are part of the backend's, so they are not run twice.
    """
    unknown = [part for part in parts if part not in _RUNNERS]
    if unknown:
        raise LaunchRefused(f"There is no part {unknown[0]!r}; the parts are {', '.join(_RUNNERS)}.")
    began = time.monotonic()
    with stop_signals():
        results = [_run(part) for part in parts] or _run_all()
    if report is not None:
        write_results(report, results)
    total = sum((result.count for result in results), Count())
    print("\n" + "\n".join(map(str, results)))
    print(f"{total} in {time.monotonic() - began:.1f} s", flush=True)
    return 1 if total.failed else 0


def _run_all() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="khaywe-beside-") as place, beside(_BESIDE, Path(place)) as results:
        return [_run("backend"), *results()]


def _run(part: str) -> Result:
    say(f"testing {part}")
    began = time.monotonic()
    try:
        count = _RUNNERS[part]()
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        count = Count(failed=1)
    return Result(part, count, time.monotonic() - began)


@contextmanager
def temporary_installation(prefix: str, use: Use) -> Iterator[Installation]:
    """Servers in a folder that goes away with them."""
    with tempfile.TemporaryDirectory(prefix=f"khaywe-{prefix}-") as place:
        folder = DataFolder(Path(place))
        try:
            with opened(folder, use=use, users=without_settings()) as installation:
                yield installation
        finally:
            postgres.forget(folder, choose_for_postgres())


def _backend() -> Count:
    with temporary_installation("test", Use.TEST) as installation:
        settings = _test_settings(installation)
        # The outside oracle of the rules, json-logic-js, comes with the console's modules. They come over the network,
        # and the tables into the database, while mypy keeps one processor busy.
        steps = [installation.spawn("modules", [sys.executable, "-c", _INSTALL_MODULES])]
        if _TEMPLATE in settings:
            steps.append(installation.spawn("template", programs.manage("migrate", "--no-input"), settings))
        count = _style(installation)
        count += _check(installation, "mypy", [sys.executable, "-m", "mypy"])
        for step in steps:
            installation.finish(step)
        return count + _pytest(installation, "tests", "--ignore=tests/e2e", *_SIDE_BY_SIDE)


def _house() -> Count:
    with temporary_installation("house", Use.TEST) as installation:
        return _style(installation) + _pytest(installation, "tests/house")


def _style(installation: Installation) -> Count:
    """Ruff, and the floors and rooms of the house."""
    floors = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"]
    return _check(installation, "ruff", [sys.executable, "-m", "ruff", "check", "."]) + _check(
        installation, "import-linter", floors
    )


def _check(installation: Installation, name: str, command: list[str]) -> Count:
    say(name)
    return counting.of_exit_code(installation.run(command, _test_settings(installation)))


def _pytest(installation: Installation, *arguments: str) -> Count:
    say(f"pytest {' '.join(arguments)}")
    report = installation.folder.root / "pytest.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    return counting.of_junit(report, installation.run(command, _test_settings(installation)))


def _test_settings(installation: Installation) -> dict[str, str]:
    settings = {
        "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(installation.folder.root / "hypothesis"),
        "KHAYWE_POSTGRES_BIN": str(postgres.wheel_binaries()),
    }
    # Another PostgreSQL than the embedded one; the tests make and drop databases of their own there.
    other = os.environ.get("KHAYWE_TEST_DATABASE_URL")
    return settings | ({"DATABASE_URL": other} if other else {_TEMPLATE: postgres.LOYALTY})


def _console() -> Count:
    """Style, the build and its budgets, types, unit tests, all with the Node of the wheel."""
    say("building the console")
    console_build.build(is_forced=True)
    count = Count(passed=1) + _node("npm", "run", "budget")
    count += _node_side_by_side(("npm", "run", "typecheck"), ("npm", "run", "lint"))
    with tempfile.TemporaryDirectory(prefix="khaywe-console-") as place:
        report = Path(place) / "vitest.json"
        reporting = ("--reporter=default", "--reporter=json", f"--outputFile.json={report}")
        return count + counting.of_vitest(report, _node_code("node", _VITEST, "run", *reporting))


def _node(*command: str) -> Count:
    return counting.of_exit_code(_node_code(*command))


def _node_side_by_side(*commands: tuple[str, ...]) -> Count:
    """Checks that keep one processor busy each; what each one says comes out whole."""
    running = [_begin_node(*command, output=subprocess.PIPE) for command in commands]
    count = Count()
    try:
        for popen in running:
            said, _ = popen.communicate()
            print(said, end="", flush=True)
            count += counting.of_exit_code(popen.returncode)
    finally:
        for popen in running:
            popen.kill()
    return count


def _node_code(program: str, *arguments: str) -> int:
    popen = _begin_node(program, *arguments)
    try:
        return popen.wait()
    finally:
        popen.kill()


def _begin_node(program: str, *arguments: str, output: int | None = None) -> "subprocess.Popen[str]":
    say(f"{program} {' '.join(arguments)}")
    return subprocess.Popen(
        console_build.node_command(program, *arguments),
        cwd=console_build.CONSOLE,
        env={**console_build.node_environment(), "CI": "true", "CONSOLE_OUT_DIR": str(console_build.DIST)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        text=True,
    )


def find_chromium() -> str | None:
    """A Chromium of this machine, or the one that KHAYWE_CHROMIUM names."""
    named = os.environ.get("KHAYWE_CHROMIUM")
    if named:
        return named
    found = next((path for name in _CHROMIUM_NAMES if (path := shutil.which(name))), None)
    return found or next((place for place in _CHROMIUM_PLACES if os.access(place, os.X_OK)), None)


def _e2e() -> Count:
    """The stories in a real browser against a real demo world."""
    chromium = find_chromium()
    if chromium is None:
        say("no Chromium was found (KHAYWE_CHROMIUM may name one), so the browser tests are skipped")
        return Count(skipped=1)
    console_build.install_modules()
    with temporary_installation("e2e", Use.EARNEST) as installation:
        code = demo.bring_up_world(installation, demo.World(customers=_E2E_CUSTOMERS))
        if code != 0:
            return Count(failed=1)
        running = read_json(installation.folder.run_file)
        report = installation.folder.root / "playwright.xml"
        environment = {
            **console_build.node_environment(),
            "CHROMIUM": chromium,
            # A story begins an identity provider of its own.
            "KHAYWE_PYTHON": sys.executable,
            "BASE_URL": str(running["url"]),
            "LOYALTY_USER": str(running["username"]),
            "LOYALTY_PASSWORD": str(running["password"]),
            "KHAYWE_RUN_JSON": str(installation.folder.run_file),
            "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report),
            "CI": "true",
        }
        command = console_build.node_command("node", _PLAYWRIGHT, "test", "--reporter=list,junit")
        code = installation.run(command, environment, folder=console_build.CONSOLE)
        return counting.of_junit(report, code)


_RUNNERS: dict[str, Callable[[], Count]] = {"backend": _backend, "console": _console, "e2e": _e2e, "house": _house}
