"""Bytes of a text → the text, and the encoding it was in."""

from __future__ import annotations

from collections.abc import Collection

from pharma_assets.errors import PharmaError

_DAMAGE_WINDOW = 1 << 15


def decode(content: bytes, headers: Collection[str] = ()) -> tuple[str, str]:
    """The text, and the encoding in which all of it is valid. Nothing else is valid UTF-8 by chance."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig"] if content.startswith(b"\xef\xbb\xbf") else ["utf-8", "cp1251"]
    failures = []
    for encoding in candidates:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError as error:
            at = error.start + (3 if encoding == "utf-8-sig" else 0)
            line = content.count(b"\n", 0, at) + 1
            failures.append(f"line {line} is not {encoding} (byte {content[at]:#04x})")
            if encoding == "utf-8" and _damaged_utf8(content, at):
                break  # cp1251 would read it, as nonsense
    raise PharmaError("ENCODING_UNKNOWN", why="; ".join(failures))


def _damaged_utf8(content: bytes, at: int) -> bool:
    """Whether nearly all that is not ASCII around the first bad byte is valid UTF-8."""
    sample = content[max(0, at - _DAMAGE_WINDOW) : at + _DAMAGE_WINDOW].decode("utf-8", "replace")
    bad = sample.count("\ufffd")
    valid = len(sample) - len(sample.encode("ascii", "ignore")) - bad
    return valid > 10 * bad
