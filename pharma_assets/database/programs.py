"""PostgreSQL's own programs, as the embedded server's package ships them: they fit servers of its version and older."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from urllib.parse import unquote, urlsplit

from pharma_assets.database.server import program_folder
from pharma_assets.database.urls import libpq_url, without_password
from pharma_assets.errors import PharmaError


def run_program(name: str, url: str, options: Sequence[str], failure: Callable[[str, str], PharmaError]) -> None:
    """Run a client program on the database of this URL. Raises what `failure` makes of its name and output.

    Its password goes by the environment: arguments can be read by everybody on the machine.
    """
    libpq = libpq_url(url)
    password = urlsplit(libpq).password
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    if password is not None:
        environment["PGPASSWORD"] = unquote(password)
    done = subprocess.run(
        [str(program_folder() / name), f"--dbname={without_password(libpq)}", *options],
        env={**environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise failure(name, (done.stderr or done.stdout).strip())
