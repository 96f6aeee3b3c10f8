"""As whom a server runs: PostgreSQL refuses root, so root has to be laid down in one of two ways."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
_UNPRIVILEGED_USER = "nobody"


@dataclass(frozen=True)
class Identity:
    """Options for `child.py`; none of them means: as this user."""

    user_namespace: bool = False
    user: str | None = None

    def wrap(self, command: list[str]) -> list[str]:
        """The command that becomes this identity and then the given command; lives and dies with this process."""
        options = ["--parent", str(os.getpid())]
        if self.user_namespace:
            options.append("--user-namespace")
        if self.user:
            options += ["--user", self.user]
        return [sys.executable, "-I", "-S", str(CHILD), *options, "--", *command]

    @property
    def changes_user(self) -> bool:
        """Whether files of the server belong to somebody else than this user."""
        return self.user is not None

    def give(self, folder: Path) -> None:
        """Hand a folder to the user the server will run as."""
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


SELF = Identity()
NAMESPACED = Identity(user_namespace=True)
NOBODY = Identity(user=_UNPRIVILEGED_USER)


def choose_for_postgres() -> Identity:
    """This user when it is not root; else root inside a user namespace; else, where the kernel forbids that, nobody."""
    if os.geteuid() != 0:
        return SELF
    tried = subprocess.run(NAMESPACED.wrap(["true"]), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return NAMESPACED if tried.returncode == 0 else NOBODY
