"""The message: what waits, grouped by what is wrong and by client-month, in the language of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from pharma_assets.alerts.items import Item, Kind
from pharma_assets.errors import CATALOGUE, Language
from pharma_assets.model.client_month import ClientMonth

MOST_CODES = 10
MOST_PLACES = 10
MOST_NAMES = 5
_MOST_IN_SUBJECT = 3


@dataclass(frozen=True)
class Message:
    """What is sent. `document`: the same for programs."""

    subject: str
    text: str
    document: Mapping[str, object]


@dataclass(frozen=True)
class _Words:
    subject: str
    reminder: str
    still: str
    what_to_do: str
    files: str
    file: str
    more: str
    more_codes: str
    platform: str
    footer: str


_WORDS: dict[Language, _Words] = {
    "en": _Words(
        subject="{count} need somebody: {codes}",
        reminder="still waiting, {subject}",
        still="These have been told before and are still waiting.",
        what_to_do="What to do: {advice}",
        files="{place}: {count} files",
        file="{name} (id {id})",
        more="… and {count} more",
        more_codes="… and {count} more of other kinds; `pharma-assets status` shows all of them.",
        platform="the platform",
        footer="Everything that waits: `pharma-assets status`, or {ui}",
    ),
    "ru": _Words(
        subject="ждут внимания: {count}; {codes}",
        reminder="всё ещё {subject}",
        still="О них уже сообщалось, и они всё ещё ждут.",
        what_to_do="Что делать: {advice}",
        files="{place}, файлов: {count}",
        file="{name} (id {id})",
        more="… и ещё {count}",
        more_codes="… и ещё {count} других видов; все показывает `pharma-assets status`.",
        platform="платформа",
        footer="Всё, что ждёт внимания: `pharma-assets status` или {ui}",
    ),
}


def compose(items: Sequence[Item], language: Language, ui_url: str, *, reminder: bool = False) -> Message:
    """The message about these items, at least one."""
    words = _WORDS[language]
    by_code = {code: list(group) for code, group in groupby(sorted(items, key=_order), key=lambda item: item.code)}
    counts = sorted(((sum(item.count for item in group), code) for code, group in by_code.items()), reverse=True)
    codes = ", ".join(f"{code} {count}" for count, code in counts[:_MOST_IN_SUBJECT])
    codes += ", …" if len(counts) > _MOST_IN_SUBJECT else ""
    subject = words.subject.format(count=sum(count for count, _ in counts), codes=codes)
    if reminder:
        subject = words.reminder.format(subject=subject)
    blocks = [words.still] if reminder else []
    blocks += [_block(code, by_code[code], words, language, ui_url) for _, code in counts[:MOST_CODES]]
    if len(counts) > MOST_CODES:
        blocks.append(words.more_codes.format(count=sum(count for count, _ in counts[MOST_CODES:])))
    blocks.append(words.footer.format(ui=ui_url))
    return Message(
        f"[pharma-assets] {subject}", "\n\n".join(blocks) + "\n", _document(subject, items, ui_url, reminder)
    )


def link(item: Item, ui_url: str) -> str:
    """Where the item is seen in Dagster's UI."""
    if item.link is not None:
        return f"{ui_url.rstrip('/')}/{item.link}"
    if item.place is not None:
        return _link_of(item.place, ui_url)
    return f"{ui_url.rstrip('/')}/assets/file_registry"


def _link_of(place: ClientMonth, ui_url: str) -> str:
    return f"{ui_url.rstrip('/')}/assets/primary_data?view=partitions&partition={quote(place.key, safe='')}"


def _order(item: Item) -> tuple[str, str, int]:
    return item.code, item.place.key if item.place else "", item.file_id or 0


def _block(code: str, items: Sequence[Item], words: _Words, language: Language, ui_url: str) -> str:
    lines = [f"{code}: {_explained(code, items, language)}"]
    # Advice may name the client's own file; the same one is said once.
    advice = list(dict.fromkeys(item.advice for item in items if item.advice))
    lines += [words.what_to_do.format(advice=text) for text in advice[:MOST_NAMES]]
    places = [(key, list(group)) for key, group in groupby(items, key=lambda item: _order(item)[1])]
    for _, group in places[:MOST_PLACES]:
        lines += _place_lines(group, words, ui_url)
    if len(places) > MOST_PLACES:
        rest = sum(item.count for _, group in places[MOST_PLACES:] for item in group)
        lines.append(f"  {words.more.format(count=rest)}")
    return "\n".join(lines)


def _explained(code: str, items: Sequence[Item], language: Language) -> str:
    """What the code means: as it was told if there is one message, else without the facts, which differ."""
    told = {item.message for item in items}
    if len(told) == 1 and (message := told.pop()):
        return message
    problem = CATALOGUE.get(code)
    if problem is None:
        return next((item.message for item in items if item.message), code)
    # The facts differ from file to file, and some quote cells.
    return problem.words(language).message.format(**dict.fromkeys(problem.placeholders, "…"))


def _place_lines(items: Sequence[Item], words: _Words, ui_url: str) -> list[str]:
    first = items[0]
    place = words.platform if first.place is None else f"{first.place}"
    lines = [f"  {words.files.format(place=place, count=sum(item.count for item in items))}"]
    if first.kind not in {Kind.FILE, Kind.WAITING}:
        lines = [f"  {place}"]
    for item in items[:MOST_NAMES]:
        named = words.file.format(name=item.name, id=item.file_id) if item.file_id is not None else item.name
        said = f": {item.message}" if item.message and len({other.message for other in items}) > 1 else ""
        lines.append(f"    {named}{said}")
    if len(items) > MOST_NAMES:
        lines.append(f"    {words.more.format(count=len(items) - MOST_NAMES)}")
    lines.append(f"    {link(first, ui_url)}")
    return lines


def _document(subject: str, items: Sequence[Item], ui_url: str, reminder: bool) -> dict[str, object]:
    return {
        "subject": subject,
        "reminder": reminder,
        "items": [
            {
                "kind": item.kind.value,
                "code": item.code,
                "client": item.client.key if item.client else None,
                "month": item.place.month_key if item.place else None,
                "file_id": item.file_id,
                "name": item.name,
                "files": item.count,
                "message": item.message or None,
                "advice": item.advice,
                "link": link(item, ui_url),
            }
            for item in items
        ],
    }
