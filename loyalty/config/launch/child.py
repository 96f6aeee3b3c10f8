"""The last step before a server's own program: tie its life to the launcher's, and lay down root where it must.

Run as a plain file by `python -I -S child.py OPTIONS -- COMMAND …`, with the standard library only. A step between fork
and exec inside the launcher itself would run Python in a forked copy of a threaded process; this does not.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
# Any uid but 0: PostgreSQL only refuses to see itself as root. Files stay root's outside the namespace.
_UID_INSIDE = 1000


def _enter_user_namespace() -> None:
    """Become an ordinary user in the eyes of the program, and stay root in the eyes of the file system."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_UID_INSIDE} {uid} 1"),
        ("gid_map", f"{_UID_INSIDE} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as handle:
            handle.write(text)


def _become(user: str) -> None:
    """Give root away for good."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _die_with(parent: int, signal_number: int) -> None:
    """Ask the kernel for a signal when the launcher dies, however it dies. Elsewhere the next start cleans up."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the launcher is gone")


def main() -> None:
    """Apply the options, then become the command."""
    options = argparse.ArgumentParser()
    options.add_argument("--parent", type=int, required=True)
    options.add_argument("--death-signal", type=int, default=int(signal.SIGTERM))
    options.add_argument("--user-namespace", action="store_true")
    options.add_argument("--user")
    options.add_argument("command", nargs="+")
    chosen = options.parse_args()
    if chosen.user_namespace:
        _enter_user_namespace()
    if chosen.user:
        _become(chosen.user)
    # After the change of identity: the kernel forgets the wish when a process changes its credentials.
    _die_with(chosen.parent, chosen.death_signal)
    os.execvp(chosen.command[0], chosen.command)


if __name__ == "__main__":
    main()
