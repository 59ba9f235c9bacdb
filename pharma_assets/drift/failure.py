"""A file that fails because its header is not what it was: its error says what has changed, and what to run."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path

from pharma_assets.drift.compare import drift_of
from pharma_assets.drift.reference import ReadExample, reference_of
from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.layout import Layout

logger = logging.getLogger(__name__)

OF_THE_HEADER = ("MISSING_COLUMN", "HEADER_NOT_FOUND", "AMBIGUOUS_COLUMN")
"""The problems that a drifted header ends in."""


def with_drift(
    problem: PharmaError, document: Document, layout: Layout, folder: Path, read: ReadExample, path: str
) -> PharmaError:
    """The problem, and if it is of the header, what has changed since the client's newest example.

    `folder`: the client's, with layout and examples. `read`: how an example's bytes become a document. `path`: the
    file's, as a person would name it to `pharma-assets client drift`.
    """
    if problem.code not in OF_THE_HEADER:
        return problem
    try:
        findings = drift_of(document, layout, reference_of(folder, layout, read)).findings
    except Exception:  # whatever is wrong with the explanation, the problem itself must be told
        logger.exception("drift of %s", path)
        return problem
    return problem.explained(findings, f"pharma-assets client drift {shlex.quote(path)}") if findings else problem
