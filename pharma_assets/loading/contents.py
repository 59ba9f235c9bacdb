"""Which bytes the files hold whose rows were taken over: looked at in quiet moments, or when somebody has to know."""

from __future__ import annotations

import hashlib
import time

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.platform import Platform
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.registry.twins import Unknown, keep_content, unknown_contents

LEARNING_SECONDS = 5.0
"""How long one tick looks at most."""


def learn_contents(platform: Platform, seconds: float = LEARNING_SECONDS) -> int:
    """Look at files whose bytes are not known, as far as the time goes; returns how many are known now."""
    started = time.monotonic()
    with platform.engine.connect() as connection:
        unknown = unknown_contents(connection)
    learnt = 0
    for file in unknown:
        if time.monotonic() - started > seconds:
            break
        learnt += _learn(platform, file)
    return learnt


def learn_likely_twins(platform: Platform, file: RegisteredFile) -> None:
    """Look at those files whose bytes are not known and of which this one may be a copy, by their size."""
    with platform.engine.connect() as connection:
        unknown = unknown_contents(connection, like=file.id)
    for other in unknown:
        _learn(platform, other)


def _learn(platform: Platform, unknown: Unknown) -> bool:
    """Whether it could be looked at, and is what the registry knows of it."""
    (now,) = platform.inbox.look_at([unknown.path])
    if isinstance(now, OSError) or (now.size, now.modified_ns) != (unknown.size, unknown.modified_ns):
        return False  # the next scan sees to it
    try:
        with platform.inbox.open(unknown.path) as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError:
        return False
    except PharmaError as error:
        if error.problem.scope is Scope.PLATFORM:
            raise
        return False
    with platform.engine.begin() as connection:
        keep_content(connection, unknown, digest)
    return True
