"""PostgreSQL URLs and connections: which database, in which driver's dialect, with what errors."""

# ruff: noqa: PLC0415 - psycopg and SQLAlchemy are heavy, and `--help` imports this module

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pharma_assets.database.server import EmbeddedServer
from pharma_assets.errors import PharmaError

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

    from pharma_assets.settings import Settings

APPLICATION = "pharma-assets"
CONNECT_SECONDS = 10
DAGSTER_SCHEMA = "dagster"

# No SQLSTATE: no answer. 08 connection, 28 login, 3D no such database, 53300 too many, 57P shutting down.
_UNREACHABLE_STATES = ("08", "28", "3D", "53300", "57P")


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded server of these settings; used unless PHARMA_DATABASE_URL names another one."""
    return EmbeddedServer(settings.home, timezone=settings.timezone)


def database_url(settings: Settings) -> str:
    """The platform's database. Starts the embedded server if that is the one and it does not run."""
    if settings.database_url is not None:
        return libpq_url(settings.database_url.get_secret_value())
    return embedded_server(settings).start()


def libpq_url(url: str) -> str:
    """The URL as libpq, psycopg and psql take it: without SQLAlchemy's driver."""
    return _with_scheme(url, "postgresql")


def sqlalchemy_url(url: str) -> str:
    """The URL for SQLAlchemy over psycopg 3."""
    return _with_scheme(url, "postgresql+psycopg")


def dagster_url(url: str) -> str:
    """The URL for dagster-postgres: psycopg 2, and Dagster's own tables in their own schema.

    Dagster keeps naive UTC times and lets the database fill them in: its sessions are not in the suppliers' time zone.
    """
    parts = urlsplit(_with_scheme(url, "postgresql+psycopg2"))
    query = [tuple(item.split("=", 1)) for item in parts.query.split("&") if "=" in item]
    given = [unquote(value) for name, value in query if name == "options"]
    options = " ".join([*given, f"-csearch_path={DAGSTER_SCHEMA}", "-ctimezone=UTC"])
    kept = [f"{name}={value}" for name, value in query if name != "options"]
    return _joined(parts, parts.netloc, "&".join([*kept, f"options={quote(options, safe='')}"]))


def redact(url: str) -> str:
    """The URL with `***` for its password, wherever that stands."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    query = "&".join(
        f"{name}=***" if name.lower() in {"password", "sslpassword"} else item
        for item in parts.query.split("&")
        for name in [item.partition("=")[0]]
    )
    netloc = f"{user}{':***' if colon else ''}{at}{host}"
    return _joined(parts, netloc, query)


def without_password(url: str) -> str:
    """The URL without its password, for a program that gets it in another way."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    return _joined(parts, f"{login.partition(':')[0]}{at}{host}", parts.query)


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """A psycopg connection of its own. Raises PharmaError DATABASE_UNREACHABLE."""
    import psycopg

    with reaching(url):
        return psycopg.connect(
            libpq_url(url),
            autocommit=autocommit,
            connect_timeout=CONNECT_SECONDS,
            application_name=APPLICATION,
        )


def engine(url: str) -> Engine:
    """A SQLAlchemy engine with a small pool, for the many short transactions of a run.

    Connects at first use; put that inside `reaching(url)`.
    """
    from sqlalchemy import create_engine

    arguments = {"application_name": APPLICATION, "connect_timeout": CONNECT_SECONDS}
    return create_engine(sqlalchemy_url(url), pool_size=2, pool_pre_ping=True, connect_args=arguments)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn a failure to reach the database (psycopg's or SQLAlchemy's) into DATABASE_UNREACHABLE."""
    import psycopg

    try:
        yield
    except Exception as error:
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, psycopg.OperationalError) and _is_unreachable(cause.sqlstate):
            why = str(cause).strip() or type(cause).__name__
            raise PharmaError("DATABASE_UNREACHABLE", url=redact(url), why=why) from error
        raise


def _is_unreachable(state: str | None) -> bool:
    return state is None or state.startswith(_UNREACHABLE_STATES)


def _with_scheme(url: str, scheme: str) -> str:
    return f"{scheme}:{url.partition(':')[2]}"


def _joined(parts: SplitResult, netloc: str, query: str) -> str:
    # By hand: urlunsplit drops the slashes before the empty host of `postgresql:///pharma`.
    return f"{parts.scheme}://{netloc}{parts.path}{'?' if query else ''}{query}"
