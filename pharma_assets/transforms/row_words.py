"""The words by which people mark rows that are no data: totals and signatures. Texts in, kinds out; no rows here."""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from functools import lru_cache

from pharma_assets.transforms.header_text import normalize_header


class Reason(StrEnum):
    """Under which name a row that is no data is counted among those left out."""

    REPEATED_HEADER = "repeated header"
    COLUMN_NUMBERS = "column numbers"
    TOTAL = "total"
    SUBTOTAL = "subtotal"
    SIGNATURE = "signature"


class Word(IntEnum):
    """How surely a text is a total's label.

    BARE: nothing but the word («Итого:», «ВСЕГО», "Total"). OF_A_PART: «Итого по …», «Итого за …». PHRASE: the word
    and what totals are usually of («Всего упаковок»). NAMED: it ends with the word («Москва Итог», as Excel's own
    subtotals are called). WITHIN: «в том числе …», a part of the total above it.
    """

    BARE = 1
    OF_A_PART = 2
    PHRASE = 3
    NAMED = 4
    WITHIN = 5


_BARE = r"(?:итого|всего|общий итог|grand total|total)"
_ANY = rf"(?:{_BARE}|итог|итоги|подитог|промежуточный итог|промежуточные итоги|общая сумма|sub ?totals?|totals)"
_OF = (
    r"(?:по|за|на|шт|штук|руб|рублей|уп|упак|упаковок|к оплате|кол-во|кол|by|for|sum|amount|quantity|qty"
    r"|(?:продаж|отгруж|реализ|строк|запис|документ|накладн|позици|наименован|сумм|количеств|товар|отчет)\w*)\b"
)
_WORDS = (
    (Word.BARE, re.compile(rf"{_BARE}(?: {_BARE})*")),
    (Word.OF_A_PART, re.compile(r"(?:всего )?итого (?:по|за) .+")),
    (Word.PHRASE, re.compile(rf"{_ANY}(?: (?:{_OF}|[^\w]|\d).*)?")),
    (Word.NAMED, re.compile(r".+ (?:итог|итого|total)")),
    (Word.WITHIN, re.compile(r"(?:в том числе|в т ч|из них|including)\b.*")),
)
_OF_THE_WHOLE = re.compile(
    rf"{_BARE}.* (?:отчет|документ|вс[ея]|лист|таблиц|период|месяц|сет[ьи]|компани|организаци|report|period|month).*"
)
_OF_PARTS = re.compile(r".* (?:по|за|by|for|на странице|на листе)(?: .*)?")
_SPACED = re.compile(r"(?:\w ){3,}\w")
_SIGNATURE = re.compile(
    r"[(\[]?(?:"
    r"руководител|(?:генеральный |коммерческий |исполнительный )?директор\b|(?:главный |гл |старший )?бухгалтер"
    r"|исполнител|исп\b|ответственн|составил|подготовил|проверил|утвер(?:дил|жд)|согласова|отпустил|сдал\b|принял\b"
    r"|подпис|расшифровк|должност|ф ?и ?о\b|м ?п$|дата (?:формирован|печат|выгрузк|составлен|отчет)"
    r"|(?:отчет |документ |файл )?(?:сформирован|создан|подготовлен|составлен|выгружен|распечатан|напечатан)"
    r"|страниц|стр \d|лист \d+ из|конец (?:отчета|документа)|примечани"
    r"|(?:report )?(?:generated|created|printed|prepared)\b|page \d|end of (?:report|file)|signature|signed"
    r")"
)
# What the texts above have in common, for Arrow's search: a few letters in any case.
TOTAL_LETTERS = (
    r"(?i)(?:ит[oо]г|[вb][сc][еe]г|total|общ[аa]я сумм|в т\S{0,3} ?ч|из них|including|и\s+т\s+[оo]|в\s+с\s+е)"
)


@lru_cache(maxsize=8192)
def total_word(text: str) -> Word | None:
    """How surely a text is a total's label; None if it is none."""
    seen = _comparable(text)
    return next((word for word, pattern in _WORDS if pattern.fullmatch(seen)), None)


def is_of_a_part(text: str) -> bool:
    """Whether a total's label says that it is of a part of the report, not of the whole."""
    word, seen = total_word(text), _comparable(text)
    if word in (Word.NAMED, Word.WITHIN):
        return seen != "общий итог"
    return _OF_PARTS.fullmatch(seen) is not None and _OF_THE_WHOLE.fullmatch(seen) is None


def is_signature(text: str) -> bool:
    """Whether a text is what stands below a table: who made it and when, a line to sign on, a page number."""
    return "___" in text or _SIGNATURE.match(_comparable(text)) is not None


def is_footnote(text: str) -> bool:
    """Whether a text that is alone in its row can be a remark below the table: several words."""
    words = [word for word in text.split() if any(letter.isalpha() for letter in word)]
    return len(words) > 1 or is_signature(text)


def _comparable(text: str) -> str:
    seen = normalize_header(text)
    return seen.replace(" ", "") if _SPACED.fullmatch(seen) else seen
