"""Which operating-system user the embedded server runs as, and how a command is started as that user.

PostgreSQL refuses to run as root, and root's folders (`/root`, `mktemp -d`, pytest's) are often closed to
everyone else. Opening them would be a surprise that outlives the server, so the server gets a capability to
pass them instead.
"""

# ruff: noqa: PLC0415 - `pwd` is not there on Windows

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM_USER = "pgserver"

# Numbers of linux/capability.h. The first only passes and reads, so it is preferred; Docker's default set
# lacks it, and a program that was installed for root alone (umask 077) takes the second.
_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


class PrivilegeError(Exception):
    """The server cannot be run as its user; the text says why."""


@dataclass(frozen=True)
class Account:
    """The user that the server's processes run as."""

    uid: int
    gid: int

    @property
    def name(self) -> str | None:
        return user_name(self.uid)


@dataclass(frozen=True)
class Launch:
    """A command with the keyword arguments of `subprocess.run` that switch the user."""

    command: list[str]
    switch: dict[str, object] = field(default_factory=dict)


def user_name(uid: int) -> str | None:
    """The login name of `uid`, or None where there is none (a container started with `--user 1234`)."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def account_for(data: Path) -> Account | None:
    """The user to switch to before touching the data folder, or None when this process's own user will do.

    Root serves an existing data folder as its owner, so that `sudo` does not lock the ordinary user out.
    """
    if os.name == "nt" or os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    return _system_account()


def give(path: Path, account: Account | None) -> None:
    """Make one of our own files or folders belong to the server's user."""
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def launch(command: list[str], account: Account | None, needed: Path) -> Launch:
    """How to run `command` (a program's absolute path and arguments) as `account`, able to reach `needed`."""
    if account is None:
        return Launch(command)
    program = Path(command[0])
    folders = (*reversed(program.parents), *reversed(needed.parents), program)
    closed = next((path for path in folders if not _may_pass(path, account)), None)
    if closed is None:
        return Launch(command, {"user": account.uid, "group": account.gid, "extra_groups": []})
    capability = _held_capability(to_execute=not _may_pass(program, account))
    setpriv = shutil.which("setpriv")
    if capability is None or setpriv is None:
        lacking = "setpriv (package util-linux)" if setpriv is None else "the capability DAC_OVERRIDE"
        raise PrivilegeError(f"the server's user may not enter {closed}, and {lacking} to let it pass is missing")
    wrapper = [setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    # Without this bit access(2), by which initdb and pg_ctl look for their programs, ignores the capability.
    wrapper += ["--securebits=+no_setuid_fixup"]
    return Launch([*wrapper, f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", *command])


def _system_account() -> Account:
    """The user that serves for root, made at first use."""
    import pwd

    with suppress(KeyError):
        entry = pwd.getpwnam(SYSTEM_USER)
        return Account(entry.pw_uid, entry.pw_gid)
    shell = shutil.which("nologin") or "/bin/false"
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", shell, SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", "") or str(error)
        raise PrivilegeError(f"the system user {SYSTEM_USER} could not be made: {why.strip()}") from error
    entry = pwd.getpwnam(SYSTEM_USER)
    return Account(entry.pw_uid, entry.pw_gid)


def _may_pass(path: Path, account: Account) -> bool:
    """Whether `account` may go through a folder, or execute a file."""
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _held_capability(*, to_execute: bool) -> str | None:
    """The least capability that is enough and that this process may hand on, or None."""
    process = Path("/proc/self/status")
    if not process.exists():
        return None
    lines = process.read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines if line.startswith("Cap"))
    held = int(fields["CapPrm"], 16) & int(fields["CapBnd"], 16)
    enough = ("dac_override",) if to_execute else tuple(_CAPABILITIES)
    return next((name for name in enough if held >> _CAPABILITIES[name] & 1), None)
