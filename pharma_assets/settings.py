"""Every setting of the platform, from the environment (`PHARMA_…`), `.env` and `pharma.toml`, in that order.

Reading the settings opens no connection and makes no folder.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pharma_assets.endpoints import SmtpUrl, Webhook
from pharma_assets.errors import Language, PharmaError, speak
from pharma_assets.logs import write_logs
from pharma_assets.model.provider import Provider

PROJECT = Path(__file__).resolve().parent.parent
CONFIG_NAME = "pharma.toml"
LEAST_EVENT_DAYS = 30
_ADDRESS = re.compile(r"[^@\s,<>\"]+@[^@\s,<>\"]+")
_URL = re.compile(r"\s*(sftp:|[a-z][a-z0-9+.-]*://)", re.IGNORECASE)


def parse_month(text: str) -> date:
    """The first day of a month written `2025-06`. Raises ValueError."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m").date()
    except ValueError:
        raise ValueError(f"{text!r} is not a month, as 2025-06") from None


class TreeSettings(BaseModel):
    """The reference lists that span the folder tree (CONTRACT §1). The defaults give 14,400 leaf folders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    providers: tuple[Provider, ...] = (Provider.CHAIN, Provider.DISTRIBUTOR)
    years: tuple[Annotated[int, Field(ge=2000, le=2100)], ...] = (2023, 2024, 2025)
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))
    clients: tuple[str, ...] = tuple(f"Client_{number:02d}" for number in range(1, 41))
    report_types: tuple[str, ...] = tuple(f"Type{number}" for number in range(1, 6))

    @field_validator("providers", mode="before")
    @classmethod
    def _folder_names(cls, value: object) -> object:
        """Providers are written as people see them: `Сети`, `Дистрибьюторы`."""
        if isinstance(value, (list, tuple)):
            return tuple(Provider.of_folder(item) or item if isinstance(item, str) else item for item in value)
        return value

    @field_validator("clients", "report_types")
    @classmethod
    def _one_folder(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not name.strip() or name in {".", ".."} or any(char in name for char in "/\\\0"):
                raise ValueError(f"{name!r} cannot be the name of a folder")
        return value


@dataclass(frozen=True)
class SftpUrl:
    """A folder on an SFTP server. `path` is absolute; bytes of it that are no text are surrogates."""

    user: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> SftpUrl:
        """Read `sftp://user@host:port/path`, with `%` escapes or without. Raises ValueError, which never quotes it."""
        try:
            parts = urlsplit(url)
            port = parts.port or 22
        except ValueError:
            raise ValueError("the address of the inbox is no URL: sftp://user@host:port/path") from None
        if parts.scheme != "sftp":
            raise ValueError("an inbox is a folder or sftp://user@host/path")
        if parts.password is not None:
            raise ValueError("a password is no way in: take it out of the URL and use a key (PHARMA_SFTP_KEY)")
        if not parts.username or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("an inbox on a server is sftp://user@host/path, with %23 for # and %3F for ?")
        path = unquote(parts.path, errors="surrogateescape") or "/"
        if "\0" in path or {".", ".."} & set(path.split("/")):
            raise ValueError("the path of an inbox has no . and .. in it")
        return cls(unquote(parts.username), parts.hostname, port, path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == 22 else f":{self.port}"
        path = re.sub(r"[%?#\s\x00-\x1f\ud800-\udfff]", lambda odd: quote(odd[0], errors="surrogateescape"), self.path)
        return f"sftp://{quote(self.user, safe='')}@{host}{port}{path.rstrip('/') or '/'}"


class Settings(BaseSettings):
    """The platform's settings. `PHARMA_HOME` holds all state; everything else has a default that works."""

    # What is wrong with a value is told without the value, which may hold a secret.
    model_config = SettingsConfigDict(
        env_prefix="PHARMA_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    home: Path = Path("~/.pharma-assets")
    inbox: Annotated[Path | SftpUrl | None, NoDecode] = None
    sftp_key: Path | None = None
    sftp_known_hosts: Path = Path("~/.ssh/known_hosts")
    database_url: SecretStr | None = None
    settle_seconds: Annotated[float, Field(ge=0)] = 60
    transforms: Path = PROJECT / "client_transforms"
    timezone: str = "Europe/Moscow"
    extensions: Annotated[tuple[str, ...], NoDecode] = (".csv", ".xlsx", ".xls")
    scan_minutes: Annotated[int, Field(ge=1)] = 15
    scan_budget_seconds: Annotated[float, Field(gt=0, le=50)] = 20
    since: date | None = None
    backlog_at_once: Annotated[int, Field(ge=0)] = 20
    batch_from: Annotated[int, Field(ge=2)] = 10
    batch_size: Annotated[int, Field(ge=1)] = 40
    batch_runs: Annotated[int, Field(ge=1)] | None = None
    retry_seconds: Annotated[float, Field(ge=0)] = 10
    read_seconds: Annotated[float, Field(gt=0)] = 300
    read_memory_mb: Annotated[int, Field(ge=256)] = 4096
    passwords: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    language: Language = "en"
    scripts: Path | None = None
    script_python: Path | None = None
    script_seconds: Annotated[float, Field(gt=0)] = 1800
    script_memory_mb: Annotated[int, Field(ge=256)] = 4096
    script_output_mb: Annotated[int, Field(ge=1)] = 512
    script_environment: Annotated[tuple[str, ...], NoDecode] = ()
    script_desktop: Path | None = None
    script_reload_months: Annotated[int, Field(ge=0, le=1200)] = 1
    show_personal: bool = False
    owners: Annotated[tuple[str, ...], NoDecode] = ()
    keep_quarantine_days: Annotated[int, Field(ge=0)] = 90
    keep_superseded_days: Annotated[int, Field(ge=0)] = 730
    keep_events_days: Annotated[int, Field(ge=0)] = 1095
    keep_runs_days: Annotated[int, Field(ge=0)] = 365
    working_folders: Path | None = None
    ui_url: str = "http://127.0.0.1:3000"
    smtp_url: SecretStr | None = None
    alert_from: str | None = None
    alert_emails: Annotated[tuple[str, ...], NoDecode] = ()
    alert_webhooks: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    alert_hours: Annotated[float, Field(ge=0)] = 24
    log_format: Literal["text", "json"] = "text"
    loader_password: SecretStr | None = None
    reader_password: SecretStr | None = None
    tree: TreeSettings = TreeSettings()

    @field_validator("inbox", mode="before")
    @classmethod
    def _folder_or_server(cls, value: object) -> object:
        return SftpUrl.parse(value.strip()) if isinstance(value, str) and _URL.match(value) else value

    @field_validator(
        *("home", "inbox", "transforms", "sftp_key", "sftp_known_hosts", "working_folders"),
        *("scripts", "script_python", "script_desktop"),
    )
    @classmethod
    def _absolute(cls, value: Path | SftpUrl | None) -> Path | SftpUrl | None:
        return value.expanduser().absolute() if isinstance(value, Path) else value

    @field_validator("database_url", "smtp_url", "loader_password", "reader_password", mode="before")
    @classmethod
    def _blank_is_unset(cls, value: object) -> object:
        return value or None

    @field_validator("database_url")
    @classmethod
    def _postgresql_only(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme.split("+")[0] not in {
            "postgresql",
            "postgres",
        }:
            raise ValueError("only postgresql://… URLs are supported")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not a time zone of the IANA database") from error
        return value

    @field_validator("since", mode="before")
    @classmethod
    def _month(cls, value: object) -> object:
        """`2025-01`; blank is unset."""
        return parse_month(value) if isinstance(value, str) and value else value or None

    @field_validator("extensions", mode="before")
    @classmethod
    def _list_of_extensions(cls, value: object) -> object:
        """`.csv,.xlsx` in the environment, a list in pharma.toml; empty means every file."""
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)):
            return items
        names = [str(item).strip().lower() for item in items]
        return tuple(name if name.startswith(".") else f".{name}" for name in names if name)

    @field_validator("owners", mode="before")
    @classmethod
    def _list_of_owners(cls, value: object) -> object:
        """`team:data,anna@example.org` in the environment, a list in pharma.toml."""
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("owners")
    @classmethod
    def _owners_of_dagster(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for owner in value:
            if not re.fullmatch(r"team:\w+|[^@\s]+@[^@\s]+\.[^@\s]+", owner, re.ASCII):
                raise ValueError(f"{owner!r} is neither an e-mail address nor team:name")
        return value

    @field_validator("alert_emails", mode="before")
    @classmethod
    def _list_of_addresses(cls, value: object) -> object:
        """`anna@example.org,ivan@example.org` in the environment, a list in pharma.toml."""
        items = value.split(",") if isinstance(value, str) else value
        return (
            tuple(str(item).strip() for item in items if str(item).strip())
            if isinstance(items, list | tuple)
            else items
        )

    @field_validator("alert_emails", "alert_from")
    @classmethod
    def _addresses(cls, value: tuple[str, ...] | str | None) -> tuple[str, ...] | str | None:
        for address in (value,) if isinstance(value, str) else value or ():
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is no e-mail address")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            SmtpUrl.parse(value.get_secret_value())
        return value

    @field_validator("alert_webhooks")
    @classmethod
    def _webhooks(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for url in value:
            Webhook.parse(url.get_secret_value())
        return value

    @field_validator("passwords", "alert_webhooks", mode="before")
    @classmethod
    def _list_of_secrets(cls, value: object) -> object:
        """One a line in the environment, so that one may hold a comma; a list in pharma.toml."""
        return tuple(filter(None, value.splitlines())) if isinstance(value, str) else value

    @field_validator("script_environment", mode="before")
    @classmethod
    def _list_of_names(cls, value: object) -> object:
        """`HTTP_PROXY,NLS_LANG` in the environment, a list in pharma.toml."""
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("script_environment")
    @classmethod
    def _nothing_of_ours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name.upper().startswith("PHARMA_"):
                raise ValueError(f"{name} is the platform's own, and no script's business")
        return value

    @field_validator("keep_events_days")
    @classmethod
    def _not_the_latest_events(cls, value: int) -> int:
        """The database refuses it too (`ops.forget_events`)."""
        if 0 < value < LEAST_EVENT_DAYS:
            raise ValueError(f"events are kept for at least {LEAST_EVENT_DAYS} days; 0 keeps them for ever")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = {**init_settings(), **dotenv_settings(), **env_settings()}.get("home") or cls.model_fields[
            "home"
        ].default
        toml = TomlConfigSettingsSource(settings_cls, Path(home).expanduser() / CONFIG_NAME)
        unknown = set(toml.toml_data) - set(settings_cls.model_fields)
        if unknown:
            raise ValueError(f"{CONFIG_NAME} has no setting {', '.join(sorted(unknown))}")
        return init_settings, env_settings, dotenv_settings, toml

    @property
    def zone(self) -> ZoneInfo:
        """The suppliers' time zone."""
        return ZoneInfo(self.timezone)

    @property
    def inbox_root(self) -> Path | SftpUrl:
        """The folder that holds «Поставщики данных»: of this machine, or on a server."""
        return self.inbox or self.home / "inbox"

    @property
    def scripts_root(self) -> Path:
        """The folder of client scripts (CONTRACT §4)."""
        return self.scripts or self.home / "Scripts"

    @property
    def script_runs_folder(self) -> Path:
        """The working folders of scripts that are running."""
        return self.home / "script-runs"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def working_root(self) -> Path:
        """The folder that the working folders are in; machines that share the work share it."""
        return self.working_folders or self.home

    @property
    def drafts_folder(self) -> Path:
        """«Итоговые отчёты»: result files while they are written and checked (CONTRACT §4)."""
        return self.working_root / "Итоговые отчёты"

    @property
    def results_folder(self) -> Path:
        """«Данные на загрузку»: checked result files (CONTRACT §4)."""
        return self.working_root / "Данные на загрузку"

    @property
    def quarantine_folder(self) -> Path:
        """Result files that a newer one has replaced, and whatever else nothing counts."""
        return self.working_root / "Карантин"

    @property
    def task_list(self) -> Path:
        """What is to be done, for people and scripts (CONTRACT §4)."""
        return self.working_root / "Reestr" / "new_files_registry.csv"

    @cached_property
    def first_year(self) -> int:
        """Client × month partitions begin with January of this year."""
        return min(self.tree.years)


def load_settings() -> Settings:
    """The settings as the environment and pharma.toml give them now.

    This process speaks their language and logs in their form from then on.
    Raises PharmaError SETTINGS_INVALID.
    """
    try:
        settings = Settings()
    except (ValidationError, ValueError) as error:
        # Settings that cannot be read do not say their language; the environment still may.
        speak("ru" if os.environ.get("PHARMA_LANGUAGE") == "ru" else "en")
        raise PharmaError("SETTINGS_INVALID", why=_explain(error)) from error
    speak(settings.language)
    write_logs(settings.log_format)
    return settings


def _explain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)
        )
    return str(error)
