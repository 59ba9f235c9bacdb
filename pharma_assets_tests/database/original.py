"""The two tables as the original workflow has them (CONTRACT §2 and §5), and what tests put into them."""

from __future__ import annotations

from typing import Any

import psycopg

from pharma_assets.database.urls import connect

SCHEMAS = "CREATE SCHEMA IF NOT EXISTS ops; CREATE SCHEMA IF NOT EXISTS raw;"
REGISTRY = """
    CREATE TABLE ops.file_registry (
        id BIGSERIAL PRIMARY KEY,
        file_path TEXT NOT NULL,
        uploaded_at TIMESTAMPTZ NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('NEW', 'PROCESSING', 'ERROR', 'CREATED', 'DELETE')),
        data_provider TEXT NOT NULL,
        report_year SMALLINT NOT NULL,
        report_month SMALLINT NOT NULL,
        client_name TEXT NOT NULL,
        report_type TEXT NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now(),
        error_reason TEXT,
        CONSTRAINT file_registry_file_path_key UNIQUE (file_path)
    );
    CREATE INDEX file_registry_status_idx ON ops.file_registry (status);
"""
ROWS = """
    CREATE TABLE raw.primary_data (
        id BIGSERIAL PRIMARY KEY, supplier_id varchar(255), period TIMESTAMPTZ, supplier_name varchar(255),
        supplier_adress varchar(255), supplier_inn varchar(255), supplier_filial varchar(255), naklad varchar(255),
        client_inlaw varchar(255), client_adress varchar(255), client_inn varchar(255), client_region varchar(255),
        client_city varchar(255), client_id_ish varchar(255), client_brend varchar(255), client_name varchar(255),
        tms varchar(255), tms_id_ish varchar(255), date_godnost TIMESTAMPTZ, mnf varchar(255), sum_nds NUMERIC(18,2),
        sum_no_nds NUMERIC(18,2), filename_result varchar(255), filename_ish varchar(255), amount_type_1 NUMERIC(18,3),
        amount_type_2 NUMERIC(18,3), amount_type_3 NUMERIC(18,3), amount_type_4 NUMERIC(18,3),
        amount_type_5 NUMERIC(18,3), market varchar(255), report_provider varchar(255),
        report_provider_name varchar(255), client_type varchar(255)
    );
    CREATE INDEX primary_data_period_idx ON raw.primary_data (period);
"""
ROOT = "C:\\Users\\user\\Desktop\\SFTP\\"
LEAF = "Поставщики данных/Дистрибьюторы/2025/{month:02d}/{client}/{report_type}/{name}"


def path_of(name: str, month: int = 6, client: str = "Client_01", report_type: str = "Type1") -> str:
    """As the inbox has it."""
    return LEAF.format(month=month, client=client, report_type=report_type, name=name)


def windows(path: str) -> str:
    """As a machine of the original workflow has it."""
    return ROOT + path.replace("/", "\\")


def make(url: str, *statements: str) -> None:
    with connect(url, autocommit=True) as connection:
        for statement in (SCHEMAS, *statements):
            connection.execute(statement.encode())


def register(url: str, number: int, path: str, status: str, **columns: Any) -> None:
    """A row of the original registry; its fields are those of its path unless they are given."""
    _, year, month, client, report_type, _ = path.replace("\\", "/").split("/")[-6:]
    values = {
        "id": number,
        "file_path": path,
        "uploaded_at": "2025-07-01 10:00+03",
        "status": status,
        "data_provider": "Дистрибьютор",
        "report_year": int(year),
        "report_month": int(month),
        "client_name": client,
        "report_type": report_type,
        **columns,
    }
    insert(url, "ops.file_registry", values)


def row(url: str, path: str | None, amount: str | None = "2", **columns: Any) -> None:
    """A row of the original data."""
    values = {
        "period": "2025-06-02 00:00+03",
        "tms": "Цитрамон",
        "amount_type_1": amount,
        "filename_ish": path,
        "report_provider": "Дистрибьютор",
        "report_provider_name": "Client_01",
        **columns,
    }
    insert(url, "raw.primary_data", values)


def insert(url: str, table: str, values: dict[str, Any]) -> None:
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    with connect(url, autocommit=True) as connection:
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        connection.execute(statement.encode(), list(values.values()))


def tables_of(url: str) -> set[str]:
    query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('ops', 'raw', 'original')"
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(query)}
