"""Run as a child: `kill_at.py STEP` does a tick and kills itself with SIGKILL when a file has come as far as STEP."""

from __future__ import annotations

import os
import signal
import sys
from unittest import mock

from pharma_assets.cli import main
from pharma_assets.loading.ingest import Step
from pharma_assets.registry.files import RegisteredFile

FATAL = Step(sys.argv[1])


def kill_when_reached(file: RegisteredFile, step: Step) -> None:
    if step is FATAL:
        os.kill(os.getpid(), signal.SIGKILL)


with (
    mock.patch("pharma_assets.loading.ingest.reached", kill_when_reached),
    mock.patch("pharma_assets.loading.client_month.reached", kill_when_reached),
    mock.patch.object(sys, "argv", ["pharma-assets", "tick"]),
):
    main()
