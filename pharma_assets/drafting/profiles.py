"""What the cells of a column look like: the share of its texts that are dates, amounts, INN, addresses and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.drafting.vocabulary import vocabulary
from pharma_assets.drafting.words import words
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.layout import DateOrder
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.dates import DateStyle, parse_date
from pharma_assets.transforms.values.plain import as_mask, plain_inns

MOST_ROWS = 2_000
_MOST_DISTINCT = 400
_SAMPLES = 3
_SHORTEST_WORD = 3
_MOST_ANSWERS = 3
# All rows but perhaps one of totals.
_NEARLY_ALL = 0.98

_LETTER = "[а-яa-z]"
_STYLE = DateStyle(slashed=DateOrder.DAY_FIRST)
_NUMBER = r"^[-−–]?\(?[0-9][0-9 \x{a0}\x{202f}.,']*\)?[-]?(?: ?(?:шт|уп|руб|р|₽)\.?)?$"
# Excel's day numbers from 2009 to 2036.
_SERIAL = r"^4[0-9]{4}(?:\.[0-9]+)?$"
_FORMS = {
    "integer": r"^[-−]?[0-9 \x{a0}\x{202f}]+(?:[.,]0+)?$",
    "cents": r"[.,][0-9]{2}$",
    "inn_kpp": r"^[0-9]{10}(?:[0-9]{2})? ?[/\\|, ] ?[0-9]{9}$",
    "kpp": r"^[0-9]{4}[0-9a-z]{2}[0-9]{3}$",
    "barcode": r"^[0-9]{13}$",
    "percent": r"^[0-9]{1,2}(?:[.,][0-9]+)? ?%$",
    "phone": r"^(?:\+7|8|7)?[ (-]*[0-9]{3,5}[ )-]*[0-9]{1,3}(?:[ -]?[0-9]{2}){2}$",
    "year": r"^(?:19|20)[0-9]{2}$",
    "index": r"^[0-9]{6}$",
    "code": r"^[^ ]*[0-9][^ ]*$",
    "waybill": r" от [0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}",
    "text": _LETTER,
    "digits": "[0-9]",
    "several_words": r"[^ ] +[^ ]+",
    "pack": r"(?:№|n|x|х) ?[0-9]+(?:$|[^0-9])|[0-9] ?шт",
    "house": rf"{_LETTER}{{3,}}[ ,.№]+[0-9]{{1,4}} ?{_LETTER}?(?:[/-][0-9]+)?(?:$|[,;] )",
    "person": r"^(?:ип |индивидуальный предприниматель )?[а-я]+ (?:[а-я]\. ?[а-я]\.|[а-я]+ [а-я]+(?:вич|вна|ич))",
}  # fmt: skip
_LISTS = ("streets", "region_words", "legal_forms", "drug_forms", "makers")
_WHOLE = ("regions", "towns", "units", "months")


@dataclass(frozen=True)
class Profile:
    """A column's cells in figures.

    `filled`: the share of the rows that are not blank. `distinct` texts in `rows` sampled rows. `shares`: what a cell
    can look like → the share of the distinct texts that do. `codes`: for each sampled row the number of its text, -1
    for blank. `texts`: the distinct texts, the commonest first, and no more than are looked at; `samples`: the first of
    them, in one line. `shapes`: the commonest forms of the texts, digits as 9 and words as a.
    """

    filled: float
    rows: int
    distinct: int
    shares: Mapping[str, float]
    codes: npt.NDArray[np.int64]
    texts: tuple[str, ...]
    samples: tuple[str, ...]
    shapes: tuple[str, ...]

    def share(self, name: str) -> float:
        return self.shares.get(name, 0.0)

    @cached_property
    def words(self) -> tuple[frozenset[str], ...]:
        """Of each of the texts its words that can be told again elsewhere: no numbers, none of one or two letters."""
        return tuple(
            frozenset(word for word in words(text) if len(word) >= _SHORTEST_WORD and not word.isdigit())
            for text in self.texts
        )


def profile(texts: pa.Array, kinds: npt.NDArray[np.uint8]) -> Profile:
    """Look at a column's cells, or at MOST_ROWS of them that are spread evenly."""
    if len(texts) > MOST_ROWS:
        at = np.linspace(0, len(texts) - 1, MOST_ROWS).astype(np.int64)
        texts, kinds = texts.take(pa.array(at)), kinds[at]
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    at_rows = np.flatnonzero(codes >= 0)
    used, first, counts = np.unique(codes[at_rows], return_index=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:_MOST_DISTINCT]
    distinct = encoded.dictionary.cast(pa.string()).take(pa.array(used[common]))
    kind_of = kinds[at_rows[first[common]]]
    filled = len(at_rows)
    return Profile(
        filled=filled / len(codes) if len(codes) else 0.0,
        rows=len(codes),
        distinct=len(used),
        shares=_shares(distinct, kind_of, codes) if filled else {},
        codes=codes,
        texts=tuple(distinct.to_pylist()),
        samples=tuple(" ".join(text.split()) for text in distinct.slice(0, _SAMPLES).to_pylist()),
        shapes=_shapes(distinct.to_pylist()),
    )


def _shares(texts: pa.Array, kinds: npt.NDArray[np.uint8], codes: npt.NDArray[np.int64]) -> dict[str, float]:
    plain = pc.utf8_trim_whitespace(pc.replace_substring(pc.utf8_lower(texts), "ё", "е"))
    spoken = pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"[^\pL\pN%№]+", " "))
    masks = {name: as_mask(pc.match_substring_regex(plain, form)) for name, form in _FORMS.items()}
    masks |= {name: as_mask(pc.match_substring_regex(spoken, _any_of(name))) for name in _LISTS}
    masks |= {name: as_mask(pc.match_substring_regex(spoken, _whole_of(name))) for name in _WHOLE}
    is_number = (kinds == Kind.NUMBER) | as_mask(pc.match_substring_regex(plain, _NUMBER))
    wordy = ~masks["digits"] & masks["text"]
    dates = [_day(text, kind) for text, kind in zip(texts.to_pylist(), kinds.tolist(), strict=True)]
    dated = np.array([day is not None for day in dates], dtype=np.bool_)
    # `01.06.2025` has no other mark than an amount may have.
    is_number &= ~(dated & (kinds != Kind.NUMBER) & ~as_mask(pc.match_substring_regex(plain, "^[0-9]+$")))
    masks |= {
        "number": is_number,
        "serial": (kinds == Kind.NUMBER) & as_mask(pc.match_substring_regex(plain, _SERIAL)),
        "typed_number": kinds == Kind.NUMBER,
        "integer": masks["integer"] & is_number,
        "cents": masks["cents"] & is_number,
        "code": masks["code"] & ~masks["percent"],
        "date": dated,
        "inn": _inns(plain),
        "dose": as_mask(pc.match_substring_regex(plain, _dose())),
        "street": masks["streets"] | as_mask(pc.match_substring_regex(spoken, _house())),
        "region": wordy & (masks["region_words"] | masks["regions"]),
        "town": wordy & (masks["towns"] | as_mask(pc.match_substring_regex(spoken, _town_kind()))),
        "name": wordy,
        "flag": _flags(plain),
    }
    masks["product"] = masks["dose"] | masks["pack"] | (masks["drug_forms"] & masks["digits"])
    shares = {name: float(mask.mean()) for name, mask in masks.items()}
    return shares | {
        "one_month": _in_one_month(dates),
        "row_number": _counts_up(plain, codes),
        "constant": float(_commonest(codes) >= _NEARLY_ALL),
        "long": float(np.asarray(pc.utf8_length(plain)).astype(float).mean()),
    }


def _alternatives(name: str) -> str:
    return "|".join(
        re.escape(word).replace(r"\ ", " ").replace(r"\*", f"{_LETTER}*") for word in vocabulary().values[name]
    )


@lru_cache(maxsize=32)
def _any_of(name: str) -> str:
    return rf"(?:^| )(?:{_alternatives(name)})(?: |$)"


@lru_cache(maxsize=32)
def _whole_of(name: str) -> str:
    """The word alone, or with at most one other around it (`Ростовская обл`, `г Томск`)."""
    return rf"^(?:[^ ]+ )?(?:{_alternatives(name)})(?: [^ ]+)?$"


@lru_cache(maxsize=1)
def _dose() -> str:
    return rf"[0-9] ?(?:{_alternatives('doses')})(?:$|[^а-яa-z])|[0-9]%"


@lru_cache(maxsize=1)
def _house() -> str:
    return rf"(?:^| )(?:{_alternatives('houses')}) ?(?:№ ?)?[0-9]"


@lru_cache(maxsize=1)
def _town_kind() -> str:
    kinds = _alternatives("town_kinds")
    return rf"^(?:{kinds}) {_LETTER}+|{_LETTER}+ (?:{kinds})$"


def _flags(plain: pa.Array) -> npt.NDArray[np.bool_]:
    """All or nothing: a column of yes and no has no other word."""
    answers = {*vocabulary().values["said"], *vocabulary().values["denied"]}
    texts = set(plain.to_pylist())
    return np.full(len(plain), texts <= answers and len(texts) <= _MOST_ANSWERS, dtype=np.bool_)


def _inns(plain: pa.Array) -> npt.NDArray[np.bool_]:
    """INN by their check digits, also those that have lost a leading zero."""
    valid = plain_inns(plain)
    short = as_mask(pc.match_substring_regex(plain, "^(?:[0-9]{9}|[0-9]{11})$"))
    if short.any():
        mended = pc.if_else(pa.array(short), pc.binary_join_element_wise("0", plain, ""), plain)
        valid = valid | (plain_inns(mended) & short)
    return np.asarray(valid)


def _day(text: str, kind: int) -> datetime | None:
    if kind == Kind.NUMBER and not (len(text) == 8 and text.startswith("20")):
        return None
    try:
        return parse_date(text, Kind(kind), _STYLE)
    except CellProblem:
        return None


def _in_one_month(dates: Sequence[datetime | None]) -> float:
    months = Counter((day.year, day.month) for day in dates if day is not None)
    return max(months.values()) / months.total() if months else 0.0


def _commonest(codes: npt.NDArray[np.int64]) -> float:
    filled = codes[codes >= 0]
    return float(np.bincount(filled).max() / len(filled))


def _counts_up(plain: pa.Array, codes: npt.NDArray[np.int64]) -> float:
    """1 where the column numbers its rows."""
    if len(plain) < 3 or len(plain) < min(len(codes), _MOST_DISTINCT):
        return 0.0
    texts = plain.to_pylist()
    if not all(text.isdigit() and len(text) < 10 for text in texts):
        return 0.0
    numbers = np.array([int(text) for text in texts])
    return float((np.diff(numbers) > 0).all() and numbers[0] <= 2 and numbers[-1] <= 10 * len(codes))


def _shapes(texts: Sequence[str]) -> tuple[str, ...]:
    shapes = Counter(re.sub(r"[^\W\d_]+", "a", re.sub(r"[0-9]", "9", text)) for text in texts)
    return tuple(shape for shape, _ in shapes.most_common(_SAMPLES))
