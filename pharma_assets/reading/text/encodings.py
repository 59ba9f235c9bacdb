"""Bytes of a text → the encoding it is in, and the text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.errors import PharmaError
from pharma_assets.reading.text.encoding_statistics import Table, is_word, log_odds
from pharma_assets.reading.text.header_texts import comparable, comparables

SINGLE_BYTE = ("cp1251", "cp866", "koi8-r", "mac-cyrillic", "iso8859-5")
"""The encodings of one byte a character that are told apart, the likeliest first."""

_RARE = ("mac-cyrillic", "iso8859-5")
_RARE_PRIOR = -9.0
_PRIORS = {"cp1251": 0.0, "cp866": -1.0, "koi8-r": -2.0} | dict.fromkeys(_RARE, _RARE_PRIOR)
_MARGIN = 4.0
"""How much likelier, as a logarithm, the best encoding must be than any other that gives another text."""

_RARE_PRIOR_OF_RIVALS = -4.0
"""A rare encoding is hard to believe in, but not as hard to keep in mind; with few letters it counts in full."""

_FEW_LETTERS = 5

_WORD_BONUS = 1.5
_GENUINE = -4.3
"""Log odds per character over which a text is Russian."""

_BETTER = 1.3
"""Log odds per character by which another encoding must be better for a line to be in that one."""

_IMPOSSIBLE = -9.0
"""Log odds of a pair that hardly any Russian text holds."""

_NONSENSE = 0.4
"""The share of impossible pairs from which on a text is not Russian."""

_SOME_CHARACTERS = 8
_BLOCK = 1 << 20
_HEAD = 1 << 16
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig", "utf-8"),
    (b"\xff\xfe", "utf-16", "utf-16-le"),
    (b"\xfe\xff", "utf-16", "utf-16-be"),
)
_UTF8_CYRILLIC = re.compile(rb"(?:[\xd0\xd1][\x80-\xbf]){3}")
_CELL_ENDS = re.compile(r'[;,\t|\r\n"]+')
_WORD = re.compile(r"[^\W\d_]{2,}")

Counts = npt.NDArray[np.int64]
Evidence = npt.NDArray[np.float64]


def decode(content: bytes, headers: Collection[str] = ()) -> tuple[str, str]:
    """The text, without a byte order mark, and its encoding. Raises what `choose_encoding` raises."""
    encoding = choose_encoding(content, headers)
    return content.decode(encoding), encoding


def choose_encoding(sample: bytes, headers: Collection[str] = ()) -> str:
    """The encoding in which all of `sample` is valid and reads as a Russian report; "utf-8" for mere ASCII.

    One of utf-8-sig and utf-16 (where a byte order mark says so), utf-8, utf-16-le, utf-16-be and `SINGLE_BYTE`.
    `headers` are texts of which some may stand in the sample as whole cells or lines. Raises ENCODING_UNKNOWN when a
    byte does not belong to the encoding of the rest, when no encoding gives Russian text, or when several do;
    CORRUPT_FILE when the sample ends in the middle of a character.
    """
    for mark, marked, plain in _BOMS:
        if sample.startswith(mark):
            _require_valid(sample, plain)
            return marked
    wide = _utf16(sample)
    if wide is not None:
        _require_valid(sample, wide)
        return wide
    if sample.isascii() or _is_utf8(sample):
        return "utf-8"
    counts = _pairs(sample)
    if _mostly_utf8(counts):
        _require_valid(sample, "utf-8")
    if _some_utf8(counts) and (found := _UTF8_CYRILLIC.search(sample)):
        why = f"line {line_of(sample, found.start())} is utf-8, other lines are not"
        raise PharmaError("ENCODING_UNKNOWN", why=why)
    return _single_byte(sample, counts, headers)


def _require_valid(content: bytes, encoding: str) -> None:
    """Decodes block by block, so that a large file needs no second place in memory."""
    if encoding == "utf-8" and _is_utf8(content):
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        for start in range(0, len(content), _BLOCK):
            done = start - len(decoder.getstate()[0])
            decoder.decode(content[start : start + _BLOCK], final=start + _BLOCK >= len(content))
    except UnicodeDecodeError as error:
        at = done + error.start
        line = line_of(content, at, encoding)
        if error.reason in {"unexpected end of data", "truncated data"}:
            why = f"it ends in line {line} in the middle of a character of {encoding}"
            raise PharmaError("CORRUPT_FILE", format="csv", why=why) from error
        why = f"line {line} is not {encoding} (byte {content[at]:#04x} at {at:,}), although the rest is"
        raise PharmaError("ENCODING_UNKNOWN", why=why) from error


def line_of(content: bytes, at: int, encoding: str = "") -> int:
    """The physical line, from 1, in which the byte at `at` stands."""
    if encoding.startswith("utf-16"):
        before = content[: at & ~1].decode(encoding, "replace")
        return before.count("\n") + before.count("\r") - before.count("\r\n") + 1
    return content.count(b"\n", 0, at) + content.count(b"\r", 0, at) - content.count(b"\r\n", 0, at) + 1


def _utf16(content: bytes) -> str | None:
    """utf-16-le or utf-16-be, where nearly every pair of bytes is a character of a report in it."""
    if b"\x00" not in content[:_BLOCK] and content.count(4, 0, _BLOCK) < min(len(content), _BLOCK) // 4:
        return None
    pairs = np.frombuffer(content[: min(len(content), _BLOCK) & ~1], np.uint8).reshape(-1, 2)
    shares = {}
    for encoding, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        lows, highs = pairs[:, low], pairs[:, high]
        blank = (lows == 0) & (highs == 0)
        latin = (highs == 0) & ((lows >= 32) | ((lows >= 9) & (lows <= 13)))
        cyrillic = (highs == 4) & (lows < 0x60)
        sign = (highs == 0x20) | (highs == 0x21)
        letters = np.count_nonzero(latin | cyrillic)
        filled = len(pairs) - np.count_nonzero(blank)
        if letters * 2 > filled:
            shares[encoding] = (letters + np.count_nonzero(sign & (lows != 0))) / filled
    best = max(shares, key=lambda encoding: shares[encoding], default=None)
    return best if best is not None and shares[best] > 0.9 else None


def _is_utf8(content: bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(content)], np.int64))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(content)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _pairs(content: bytes) -> Counts:
    """How often each byte (row) is followed by each other (column); a newline stands before and after all."""
    counts = np.zeros(1 << 16, np.int64)
    for start in range(0, len(content), _BLOCK):
        counts += _pairs_of_block(content[max(0, start - 1) : start + _BLOCK])
    table = counts.reshape(256, 256).T.copy()
    table[0x0A, content[0]] += 1
    table[content[-1], 0x0A] += 1
    return table


def _pairs_of_block(block: bytes) -> Counts:
    even = np.frombuffer(block, "<u2", len(block) // 2)
    odd = np.frombuffer(block, "<u2", (len(block) - 1) // 2, 1)
    return np.bincount(even, minlength=1 << 16) + np.bincount(odd, minlength=1 << 16)


def _mostly_utf8(counts: Counts) -> bool:
    """Whether nearly all that is not ASCII is Cyrillic, or the signs of Russian texts, in UTF-8."""
    known = 2 * counts[0xD0:0xD2, 0x80:0xC0].sum() + 3 * counts[0xE2, 0x80:0x85].sum()
    if known:
        known += 2 * counts[0xC2, 0xA0:0xC0].sum()
    return bool(2 * known > counts[0x80:].sum())


def _some_utf8(counts: Counts) -> bool:
    """Whether `_UTF8_CYRILLIC` may be found, which takes long to look for."""
    return bool(counts[0xD0:0xD2, 0x80:0xC0].sum() > 2 and counts[0x80:0xC0, 0xD0:0xD2].sum() > 1)


@dataclass(frozen=True)
class _Candidate:
    encoding: str
    headers: int
    """How many letters the known headers have that are found."""
    score: float
    """The logarithm of how likely the text is, with what known words add to it."""
    impossible: float
    """The share of pairs of characters that hardly any Russian text holds."""
    text: str
    """What the first line that is not ASCII reads."""


def _single_byte(content: bytes, counts: Counts, headers: Collection[str]) -> str:
    wanted = comparables(headers)
    # A flag that stands in each of a million rows is not a million times the evidence of one.
    evidence = np.log2(1.0 + counts)
    evidence[:0x80, :0x80] = 0
    at = _first_foreign(content)
    start = content.rfind(b"\n", 0, at) + 1
    head = content[:_HEAD] + b"\n" + content[max(start, at - 200) : start + _HEAD]
    candidates = sorted(
        (_candidate(encoding, evidence, head, _excerpt(content, at), wanted) for encoding in SINGLE_BYTE),
        key=lambda candidate: (-candidate.headers, -candidate.score),
    )
    best = candidates[0]
    few = np.count_nonzero(counts[:, 0x80:].any(axis=0)) <= _FEW_LETTERS
    rare_prior = 0.0 if few else _RARE_PRIOR_OF_RIVALS
    rivals = [
        other
        for other in candidates[1:]
        if other.headers == best.headers
        and other.score + (rare_prior - _RARE_PRIOR if other.encoding in _RARE else 0.0) > best.score - _MARGIN
        and not _same(counts, best.encoding, other.encoding)
    ]
    if rivals:
        raise PharmaError("ENCODING_UNKNOWN", why=f"line {line_of(content, at)}: {_readings([best, *rivals])}")
    if not best.headers and counts[:, 0x80:].sum() >= _SOME_CHARACTERS and best.impossible > _NONSENSE:
        why = f"line {line_of(content, at)} is no Russian in any: {_readings(candidates[:3])}"
        raise PharmaError("ENCODING_UNKNOWN", why=why)
    _require_valid(content, best.encoding)
    _refuse_mixture(content, counts, best.encoding)
    return best.encoding


def _candidate(encoding: str, evidence: Evidence, head: bytes, excerpt: bytes, wanted: frozenset[str]) -> _Candidate:
    odds = log_odds(encoding)
    likelihood = float((evidence * odds).sum())
    impossible = float(evidence[odds < _IMPOSSIBLE].sum() / evidence.sum())
    text = head.decode(encoding, "replace")
    words = {word.lower() for word in _WORD.findall(text) if not word.isascii()}
    bonus = _WORD_BONUS * sum(len(word) for word in words if is_word(word))
    cells = {comparable(cell) for cell in set(_CELL_ENDS.split(text)) if not cell.isascii()} & wanted
    shown = " ".join(excerpt.decode(encoding, "replace").split())
    return _Candidate(encoding, sum(map(len, cells)), likelihood + bonus + _PRIORS[encoding], impossible, shown)


def _same(counts: Counts, one: str, other: str) -> bool:
    """Whether the content reads the same in both encodings."""
    used = bytes(np.flatnonzero(counts.sum(axis=0)).astype(np.uint8).tolist())
    return used.decode(one, "replace") == used.decode(other, "replace")


def _readings(candidates: Sequence[_Candidate]) -> str:
    return ", ".join(f"{candidate.encoding} gives «{candidate.text}»" for candidate in candidates)


def _first_foreign(content: bytes) -> int:
    found = re.search(rb"[\x80-\xff]", content)
    return found.start() if found else 0


def _excerpt(content: bytes, at: int) -> bytes:
    """The part of a line around its first byte that is not ASCII."""
    before, after = content[max(0, at - 20) : at], content[at : at + 40]
    return re.split(rb"[\r\n]", before)[-1] + re.split(rb"[\r\n]", after)[0]


def _refuse_mixture(content: bytes, counts: Counts, encoding: str) -> None:
    """ENCODING_UNKNOWN where some lines are nonsense in `encoding` and Russian in another."""
    impossible = log_odds(encoding) < _IMPOSSIBLE
    impossible[:0x80, :0x80] = False
    if counts[impossible].sum() < 2:
        return
    others = [other for other in SINGLE_BYTE if other != encoding]
    for start in range(0, len(content), _BLOCK):
        block = content[start : start + _BLOCK]
        for at, line, average in _doubtful_lines(block, encoding):
            for other in others:
                if _average(line, other) > max(_GENUINE, average + _BETTER):
                    why = f"line {line_of(content, start + at)} is {other}, other lines are {encoding}"
                    raise PharmaError("ENCODING_UNKNOWN", why=why)


def _doubtful_lines(block: bytes, encoding: str) -> Iterator[tuple[int, bytes, float]]:
    """The lines of a block that are hardly Russian in `encoding`, where they begin, and their odds per character."""
    values = np.frombuffer(block, np.uint8)
    odds, foreign = _odds_of_pairs(values, encoding)
    starts = np.concatenate(([0], np.flatnonzero(values == 0x0A)))
    starts = starts[starts < len(odds)]
    if not len(starts):
        return
    amounts = np.add.reduceat(foreign, starts, dtype=np.int64)
    averages = np.add.reduceat(odds, starts) / np.maximum(amounts, 1)
    ends = np.append(starts[1:], len(block))
    for index in np.flatnonzero((amounts >= _SOME_CHARACTERS) & (averages < _GENUINE - _BETTER)).tolist():
        start = int(starts[index]) + (block[starts[index]] == 0x0A)
        yield start, block[start : ends[index]], float(averages[index])


def _odds_of_pairs(values: npt.NDArray[np.uint8], encoding: str) -> tuple[Table, npt.NDArray[np.bool_]]:
    """For each byte but the last: the odds of the next one, 0 where both are ASCII, and whether the next one is not."""
    first, second = values[:-1], values[1:]
    odds = log_odds(encoding)[first, second]
    odds[(first < 0x80) & (second < 0x80)] = 0
    return odds, second >= 0x80


def _average(line: bytes, encoding: str) -> float:
    odds, foreign = _odds_of_pairs(np.frombuffer(b"\n" + line + b"\n", np.uint8), encoding)
    return float(odds.sum() / foreign.sum())
