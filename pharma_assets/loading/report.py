"""One file of the inbox becomes a report in memory: read, normalized, corrected and filled. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pharma_assets.drift.failure import with_drift
from pharma_assets.errors import PharmaError
from pharma_assets.loading.by_script import ScriptReport, made_by_script
from pharma_assets.loading.corrections import corrections_for
from pharma_assets.loading.coverage import coverage
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.supersession import (
    Reading,
)
from pharma_assets.model.delivery import PLAIN, Amounts, BranchDay, Delivered, Terms
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.reference.fill import fill
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.scripts.found import Script
from pharma_assets.transforms.catalog import Transform
from pharma_assets.transforms.delivery import Overlap, mode_of
from pharma_assets.transforms.facts import Facts
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, check_volume, normalize


@dataclass(frozen=True)
class NormalizedFile:
    """A file whose report stands in memory: what was read, by which transform, from which bytes; how it is delivered,
    and which branches and days it covers. `by_script`: what the client's script has made of it, where there is one;
    `reference`: the version of the reference lists that filled it, where there are any."""

    file: RegisteredFile
    report: NormalizedReport
    fingerprint: str
    content_hash: str
    source: Mapping[str, object]
    terms: Terms = PLAIN
    branch_days: Mapping[BranchDay, Amounts] = field(default_factory=dict)
    result_name: str | None = None
    result_hash: str | None = None
    by_script: ScriptReport | None = None
    reference: int | None = None

    @property
    def reading(self) -> Reading:
        """What it delivers, for the question which files count."""
        file = self.file
        delivered = Delivered(
            file.id, file.path, file.uploaded_at, self.terms, self.branch_days, released=file.released
        )
        return Reading(file, self.content_hash, delivered)


@dataclass(frozen=True)
class ReadFile:
    """A file's content as it stands in the inbox, and the transform that it is to be read by."""

    transform: Transform
    document: Document
    content_hash: str


def read_file(platform: Platform, file: RegisteredFile) -> ReadFile:
    """Read a file's sheets; changes nothing anywhere.

    Raises PharmaError NO_SCRIPT_FOUND, LAYOUT_INVALID, MADE_BY_SCRIPT where a script alone knows how, or what reading
    raises.
    """
    transform = _transform_of(platform, file)
    layout = transform.require_layout()
    if transform.script is not None:
        raise PharmaError("MADE_BY_SCRIPT", script=transform.script.name)
    try:
        passwords = tuple(password.get_secret_value() for password in platform.settings.passwords)
        with platform.inbox.open(file.path) as content:
            document, digest = platform.reader.read(content, Hints(layout.known_headers, passwords))
    except PharmaError as problem:
        if problem.code == "FILE_GONE":
            _require_folder(platform, file)
        raise
    return ReadFile(transform, document, digest)


def read_report(platform: Platform, file: RegisteredFile) -> NormalizedFile:
    """Read and normalize a file in memory, by its layout or by its client's script, with corrections of its rows and
    what the reference lists say; changes nothing anywhere, but for a script's file that cannot be loaded, which is kept
    in quarantine.

    Raises PharmaError: NO_SCRIPT_FOUND, LAYOUT_INVALID, DELIVERY_UNKNOWN, or what reading, normalizing and running the
    script raise.
    """
    transform = _transform_of(platform, file)
    terms = terms_of(transform.require_layout(), file.path)
    made: ScriptReport | None = None
    if transform.script is not None:
        made = _by_script(platform, file, transform.script)
        report, digest, source = made.report, made.written.source_digest, _source(made.document, made.report)
        source |= {"script": transform.script.name, "script_file": made.written.name}
    else:
        read = read_file(platform, file)
        report, digest = _normalized(platform, file, read), read.content_hash
        source = _source(read.document, report)
    with platform.engine.connect() as connection:
        lists = platform.references.current(connection)
    report = replace(report, table=fill(report.table, lists, file.client_month.client))
    return NormalizedFile(
        file,
        report,
        transform.fingerprint,
        digest,
        source,
        terms,
        coverage(report.table, platform.timezone),
        by_script=made,
        reference=lists.version,
    )


def _normalized(platform: Platform, file: RegisteredFile, read: ReadFile) -> NormalizedReport:
    layout = read.transform.require_layout()
    with platform.engine.connect() as connection:
        corrections = corrections_for(connection, file, read.content_hash)
    month = file.client_month.first_day
    try:
        report = normalize(read.document, layout, platform.timezone, month, facts_of(file), corrections)
    except PharmaError as problem:
        folder = read.transform.file.parent
        raise with_drift(
            problem,
            read.document,
            layout,
            folder,
            lambda content, hints: platform.reader.read(content, hints)[0],
            file.path,
        ) from problem
    if not file.released:
        check_volume(report, layout)
    return report


def _by_script(platform: Platform, file: RegisteredFile, script: Script) -> ScriptReport:
    try:
        return made_by_script(platform, script, file)
    except PharmaError as problem:
        if problem.code == "FILE_GONE":
            _require_folder(platform, file)
        raise


def _transform_of(platform: Platform, file: RegisteredFile) -> Transform:
    client_month = file.client_month
    return platform.transforms.find(client_month.client, file.report_type, client_month.first_day)


def _source(document: Document, report: NormalizedReport) -> dict[str, object]:
    return {
        "format": document.format,
        "engine": document.engine,
        "encoding": document.encoding,
        "sheet": report.sheet,
        "header_row": report.header_row,
    }


def terms_of(layout: Layout, path: str) -> Terms:
    """What the layout says of this file's delivery. Raises PharmaError DELIVERY_UNKNOWN."""
    return Terms(mode_of(layout.delivery, path), layout.overlap is Overlap.ALLOW, layout.shrinkage)


def facts_of(file: RegisteredFile) -> Facts:
    """What the file's place in the inbox says, beside its month."""
    client = file.client_month.client
    return Facts(client.provider.value, client.name, file.report_type, file.path.rpartition("/")[2])


def _require_folder(platform: Platform, file: RegisteredFile) -> None:
    """Raise PharmaError INBOX_MISSING if the file's folder is not there either: then it may be the mount that went."""
    folder = file.path.rpartition("/")[0]
    (found,) = platform.inbox.look_at([folder])
    if isinstance(found, OSError):
        raise PharmaError("INBOX_MISSING", folder=folder)
