"""The plain forms of values, a whole column at a time. Whatever is not plain is left to the scalar parsers, which read
the plain forms to the same values: this module is only for speed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.target import PRECISION, Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import BLANKS, Evidence, Role
from pharma_assets.transforms.values.cells import TEXT_LIMIT
from pharma_assets.transforms.values.dates import DateStyle, parse_date
from pharma_assets.transforms.values.identifiers import EXACT_DIGITS

Mask = npt.NDArray[np.bool_]
Kinds = npt.NDArray[np.uint8]

_DOUBTFUL = {",": r"^-?[1-9][0-9]{0,2},[0-9]{3}$", ".": r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"}
_FOUR_DIGITS = r"^-?[1-9][0-9]{3}"
_BLANK = rf"[{BLANKS}]"
_SUSPECT = "[#\u2400\\x00]|[eE]\\+"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"
_MOMENT = r"^(?:[0-9]{2}\.[0-9]{2}\.[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})[ T]" + _CLOCK
_DAY_LENGTH = 10
_INN = r"^(?:[0-9]{10}|[0-9]{12})$"
_INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def as_mask(array: pa.Array) -> Mask:
    """A boolean Arrow array as a mask, null as False."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))


def suspect_texts(texts: pa.Array, kinds: Kinds) -> Mask:
    """The cells of a text column that `parse_text` might refuse."""
    suspect: Mask = (kinds == Kind.ERROR) | (kinds == Kind.FORMULA)
    lengths = pc.binary_length(texts)
    longest = pc.max(lengths).as_py() or 0
    # In bytes, of which a character has at least one.
    if longest > TEXT_LIMIT:
        suspect |= as_mask(pc.greater(lengths, TEXT_LIMIT))
    if longest > EXACT_DIGITS and (kinds == Kind.NUMBER).any():
        suspect |= as_mask(pc.greater(lengths, EXACT_DIGITS)) & (kinds == Kind.NUMBER)
    if _has_suspect_bytes(texts):
        suspect |= as_mask(pc.match_substring_regex(texts, _SUSPECT))
    return suspect


def _has_suspect_bytes(texts: pa.Array) -> bool:
    """Whether the signs of `_SUSPECT` occur anywhere: one look at all the bytes, because most columns have none."""
    _, offset_buffer, data = texts.buffers()
    if data is None or not len(texts):
        return False
    offsets = np.frombuffer(offset_buffer, dtype=np.int32, count=texts.offset + len(texts) + 1)
    content = np.frombuffer(data, dtype=np.uint8)[offsets[texts.offset] : offsets[-1]]
    if (content == ord("#")).any() or (content == 0).any():
        return True
    pluses = np.flatnonzero(content[1:] == ord("+"))
    if (content[pluses] | 0x20 == ord("e")).any():
        return True
    lead, middle, last = "\u2400".encode()
    leads = np.flatnonzero(content[:-2] == lead)
    return bool(((content[leads + 1] == middle) & (content[leads + 2] == last)).any())


@dataclass(frozen=True)
class PlainAmounts:
    """The amounts of a column that are digits with at most one mark, and blanks between thousands.

    `found` masks them, `texts` are they without blanks; `doubtful` masks those that `1,234` stands for, by their mark.
    """

    texts: pa.Array
    found: Mask
    doubtful: dict[str, Mask]
    evidence: Evidence

    def values(self, evidence: Evidence, stored_as: Type) -> tuple[pa.Array, Mask]:
        """The values, null where they are not plain or where the column's `evidence` does not say what `1,234` is; and
        the mask of those that are read."""
        read = self.found.copy()
        texts = self.texts
        for mark, doubtful in self.doubtful.items():
            if not doubtful.any():
                continue
            role = evidence.role(mark)
            if role is None:
                read &= ~doubtful
            elif role is Role.THOUSANDS:
                texts = pc.if_else(pa.array(doubtful), pc.replace_substring(texts, mark, ""), texts)
        if not read.all():
            texts = pc.if_else(pa.array(read), texts, pa.scalar(None, pa.string()))
        return pc.replace_substring(texts, ",", ".").cast(pa.decimal128(PRECISION, stored_as.scale)), read


def plain_amounts(texts: pa.Array, kinds: Kinds, stored_as: Type) -> PlainAmounts:
    """Look for the plain amounts among `texts`, and for what they prove about the column's marks."""
    fraction = rf"(?:[.,][0-9]{{1,{stored_as.scale}}}0{{0,12}})?$"
    text = kinds == Kind.TEXT
    number = (kinds == Kind.NUMBER) & as_mask(pc.less_equal(pc.binary_length(texts), EXACT_DIGITS))
    if number.any():
        number &= ~as_mask(pc.match_substring(texts, ","))
    found = as_mask(pc.match_substring_regex(texts, rf"^-?[0-9]{{1,{EXACT_DIGITS}}}{fraction}"))
    found &= text | number
    spaced = np.zeros(len(texts), dtype=np.bool_)
    if (text & ~found).any():
        groups = rf"^-?[1-9][0-9]{{0,2}}(?:{_BLANK}[0-9]{{3}}){{1,4}}{fraction}"
        spaced = as_mask(pc.match_substring_regex(texts, groups)) & text & ~found
    if spaced.any():
        texts = pc.if_else(pa.array(spaced), pc.replace_substring_regex(texts, _BLANK, ""), texts)
    typed = found & text
    doubtful = {mark: as_mask(pc.match_substring_regex(texts, form)) & typed for mark, form in _DOUBTFUL.items()}
    decimal = [mark for mark in doubtful if _any(pc.match_substring(texts, mark), (typed | spaced) & ~doubtful[mark])]
    unmarked = bool(spaced.any()) or _any(pc.match_substring_regex(texts, _FOUR_DIGITS), typed)
    return PlainAmounts(texts, found | spaced, doubtful, Evidence(frozenset(decimal), unmarked=unmarked))


def _any(matches: pa.Array, among: Mask) -> bool:
    return bool((as_mask(matches) & among).any())


def plain_inns(texts: pa.Array) -> Mask:
    """The texts that are INN by their check digits, as `is_valid_inn` says."""
    formed = as_mask(pc.match_substring_regex(texts, _INN))
    digits = np.asarray(pc.if_else(pa.array(formed), texts, "0").cast(pa.int64()).fill_null(0).to_numpy())
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    valid = np.zeros(len(texts), dtype=np.bool_)
    for length, checks in ((10, 1), (12, 2)):
        at = np.flatnonzero(formed & (lengths == length))
        number = digits[at]
        # No region has the number 00.
        proven = number >= 10 ** (length - 2)
        for check in range(checks):
            check_digit, rest = number // 10**check % 10, number // 10 ** (check + 1)
            total = np.zeros(len(at), dtype=np.int64)
            for place in range(length - check - 1):
                total += rest % 10 * _INN_WEIGHTS[-1 - place]
                rest //= 10
            proven &= total % 11 % 10 == check_digit
        valid[at] = proven
    return valid


@dataclass(frozen=True)
class PlainMoments:
    """The cells of a column that are a day as `dd.mm.yyyy` or `yyyy-mm-dd` and a time: `found` masks them, `days` are
    their distinct days as texts, `typed_days` those of text cells. However many moments there are, their days and times
    are few."""

    found: Mask
    typed_days: list[str]
    days: list[str]
    day_of: npt.NDArray[np.int32]
    clocks: list[str]
    clock_of: npt.NDArray[np.int32]

    def values(self, style: DateStyle) -> tuple[pa.Array, Mask]:
        """The naive local moments, and the mask of those that are read; the others are wrong."""
        micros = np.zeros(len(self.found), dtype=np.int64)
        read = self.found.copy()
        if not self.days:
            return pa.nulls(len(read), pa.timestamp("us")), read
        days = [_micros(day, style) for day in self.days]
        clocks = [time.fromisoformat(clock) for clock in self.clocks]
        seconds = [(clock.hour * 60 + clock.minute) * 60 + clock.second for clock in clocks]
        micros[self.found] = np.array([day or 0 for day in days], dtype=np.int64)[self.day_of]
        micros[self.found] += np.array(seconds, dtype=np.int64)[self.clock_of] * 1_000_000
        read[self.found] = np.array([day is not None for day in days])[self.day_of]
        return pa.array(micros, mask=~read).cast(pa.timestamp("us")), read


_EPOCH = datetime(1970, 1, 1)


def _micros(day: str, style: DateStyle) -> int | None:
    """Microseconds since 1970 of a day, None if there is no such day; it cannot be a dash."""
    try:
        moment = parse_date(day, Kind.TEXT, style)
    except CellProblem:
        return None
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def plain_moments(texts: pa.Array, kinds: Kinds) -> PlainMoments:
    """Look for plain moments among `texts`."""
    found = as_mask(pc.match_substring_regex(texts, _MOMENT)) & ((kinds == Kind.TEXT) | (kinds == Kind.DATE))
    moments = texts.filter(pa.array(found))
    days = pc.utf8_slice_codeunits(moments, 0, _DAY_LENGTH).dictionary_encode()
    clocks = pc.utf8_slice_codeunits(moments, _DAY_LENGTH + 1).dictionary_encode()
    names, day_of = days.dictionary.to_pylist(), days.indices.to_numpy()
    typed = np.unique(day_of[kinds[found] == Kind.TEXT])
    return PlainMoments(
        found,
        [names[day] for day in typed.tolist()],
        names,
        day_of,
        clocks.dictionary.to_pylist(),
        clocks.indices.to_numpy(),
    )
