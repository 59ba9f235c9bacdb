"""Run as a child: `kill_at.py STEP` does a tick and kills itself with SIGKILL when a file has come as far as STEP, or
with `told` when a client-month's work is committed and Dagster is to be told of it."""

from __future__ import annotations

import os
import signal
import sys
from unittest import mock

from pharma_assets.cli import main
from pharma_assets.defs import work
from pharma_assets.defs.work import Context, Order
from pharma_assets.loading.client_month import Outcome
from pharma_assets.loading.ingest import Step
from pharma_assets.loading.month_facts import MonthFacts
from pharma_assets.loading.platform import Platform
from pharma_assets.registry.files import RegisteredFile

FATAL = sys.argv[1]


def kill_when_reached(file: RegisteredFile, step: Step) -> None:
    if step == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)


def kill_when_told(context: Context, platform: Platform, outcome: Outcome, facts: MonthFacts, order: Order) -> None:
    if FATAL == "told" and outcome.files_loaded:
        os.kill(os.getpid(), signal.SIGKILL)
    told(context, platform, outcome, facts, order)


told = work._tell

with (
    mock.patch("pharma_assets.loading.ingest.reached", kill_when_reached),
    mock.patch("pharma_assets.loading.client_month.reached", kill_when_reached),
    mock.patch.object(work, "_tell", kill_when_told),
    mock.patch.object(sys, "argv", ["pharma-assets", "tick"]),
):
    main()
