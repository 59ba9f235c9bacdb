"""What a team would write with dlt: its filesystem source and a transformer for Excel, as its documentation shows them.

A plain load: the columns get their names and nothing else is done to the rows. The table is dlt's own, in a schema of
its own, replaced by each load.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from benchmarks.plain_pandas import COLUMNS, HEADER_ROW

# Its figures shall not depend on a network, and nobody's benchmark shall be reported anywhere.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

ROWS, FRAME = "dlt_rows", "dlt_frame"


def load(inbox: Path, url: str, state: Path, schema: Literal["dlt_rows", "dlt_frame"]) -> None:
    """Load every workbook below `inbox` into the table `report` of `schema`. `state`: dlt's own folder.

    As rows it is what the documentation shows first: `read_excel` by pandas' own engine, dictionaries, INSERT. As a
    frame it is what the same documentation recommends for speed: columns, CSV, COPY; and calamine reads.
    """
    import dlt  # noqa: PLC0415 - takes nearly a second, which its own process pays
    from dlt.sources.filesystem import filesystem  # noqa: PLC0415 - as above

    pipeline = dlt.pipeline(
        pipeline_name=schema,
        pipelines_dir=str(state),
        # It wants a password and a host of its own; the socket's folder in the query is what counts.
        destination=dlt.destinations.postgres(url.replace("@/", ":unused@localhost/")),
        dataset_name=schema,
    )
    read = dlt.transformer(read_excel if schema == ROWS else read_columns, name="report")
    report = filesystem(bucket_url=inbox.as_uri(), file_glob="**/*.xlsx") | read
    pipeline.run(report, write_disposition="replace", loader_file_format="csv" if schema == FRAME else None)


def read_excel(files: Any) -> Iterator[list[dict[Any, Any]]]:
    """As rows."""
    for item in files:
        with item.open() as file:
            yield _named(pd.read_excel(file, header=HEADER_ROW, dtype=str)).to_dict(orient="records")


def read_columns(files: Any) -> Iterator[pd.DataFrame]:
    """As a frame."""
    for item in files:
        with item.open() as file:
            yield _named(pd.read_excel(file, engine="calamine", header=HEADER_ROW, dtype=str))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(COLUMNS)].rename(columns=COLUMNS)
