"""The text of the embedded server's configuration files: settings, who may connect, as whom."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

SOCKET_PORT = 5432
SETTINGS_FILE = "pharma.conf"
INCLUDE_LINE = f"\ninclude = '{SETTINGS_FILE}'  # written by pharma-assets at each start\n"

# The box is shared with Dagster and the reading workers, so memory is bounded; loads come in bursts, so the
# write-ahead log may grow.
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "log_line_prefix": "'%m [%p] %q%a '",
    "password_encryption": "scram-sha-256",
}


def settings_text(socket_folder: Path | None, port: int) -> str:
    """`pharma.conf`. With a socket folder there is no TCP at all; without one, 127.0.0.1 only."""
    settings = dict(_SETTINGS)
    settings["port"] = str(port)
    if os.name != "nt":
        # A query of a killed client would otherwise run on to its end, with its locks.
        settings["client_connection_check_interval"] = "5s"
        settings["unix_socket_permissions"] = "0700"
    if socket_folder is None:
        settings["listen_addresses"] = "'127.0.0.1'"
        settings["unix_socket_directories"] = "''"
    else:
        settings["listen_addresses"] = "''"
        settings["unix_socket_directories"] = f"'\"{socket_folder}\"'"
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def access_text(*, over_socket: bool) -> str:
    """`pg_hba.conf`: the kernel vouches for the user of a socket, a password is asked over TCP."""
    if over_socket:
        return "local all all peer map=pharma\n"
    return "host all all 127.0.0.1/32 scram-sha-256\n"


def identity_text(users: Iterable[str], roles: Iterable[str]) -> str:
    """`pg_ident.conf`: each of the operating system's `users` may be any of `roles`."""
    roles = tuple(roles)
    return "".join(f'pharma "{user}" {role}\n' for user in sorted(users) for role in roles)
