"""Which encoding a text file is in: certain, plausible, or for a person to choose."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contacts.imports.western import is_western

#: What a person can choose from on the mapping page: (codec, label).
CHOICES: list[tuple[str, str]] = [
    ("utf-8", "UTF-8"),
    ("cp1252", "Western European (Windows-1252)"),
    ("cp1250", "Central European (Windows-1250)"),
    ("iso8859-2", "Central European (ISO 8859-2)"),
    ("cp1251", "Cyrillic (Windows-1251)"),
    ("koi8-r", "Cyrillic (KOI8-R)"),
    ("cp1253", "Greek (Windows-1253)"),
    ("cp1254", "Turkish (Windows-1254)"),
    ("cp1255", "Hebrew (Windows-1255)"),
    ("cp1256", "Arabic (Windows-1256)"),
    ("cp1257", "Baltic (Windows-1257)"),
    ("mac-roman", "Western European (Mac Roman)"),
    ("cp850", "Western European (DOS 850)"),
    ("cp932", "Japanese (Shift JIS)"),
    ("euc_jp", "Japanese (EUC-JP)"),
    ("gb18030", "Chinese, simplified (GB 18030)"),
    ("big5", "Chinese, traditional (Big5)"),
    ("cp949", "Korean (Windows-949)"),
    ("utf-16-le", "UTF-16, little endian"),
    ("utf-16-be", "UTF-16, big endian"),
]
_LABELS = {codecs.lookup(codec).name: label for codec, label in CHOICES}
# Not offered, since nobody picks them by name, but understood.
_LABELS |= {"iso8859-1": "Western European (ISO 8859-1)", "shift_jis": "Japanese (Shift JIS)"}
_LABELS |= {"utf-32-le": "UTF-32, little endian", "utf-32-be": "UTF-32, big endian"}
_LABELS |= {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}

# The UTF-32 mark begins with the UTF-16 one, so it is asked first.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHUNK = 1024 * 1024
_MAX_WORDS = 20_000
_BYTE_WORD = re.compile(rb"[A-Za-z'\x80-\xff]+")
_MULTI_BYTE = frozenset({"cp932", "euc_jp", "gb18030", "big5", "cp949"})

#: What stands for bytes that are no text. Valid text never holds a lone surrogate.
BAD_BYTE = "\udc80"


@dataclass(frozen=True)
class Encoding:
    codec: str
    label: str
    certain: bool
    likely: tuple[str, ...] = ()  # labels of better guesses, where this one does not fit


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD_BYTE, error.end


#: Name of the decoding error handler that puts BAD_BYTE where bytes are no text.
MARK = "contacts.imports.mark"
codecs.register_error(MARK, _mark_bad_bytes)


def chosen(name: str) -> Encoding:
    """The encoding a person chose. Raises LookupError for a name that is not understood."""
    codec = codecs.lookup(name).name
    label = _LABELS[codec]
    # The mark, where there is one, is stripped by the reader like any other invisible character.
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
    return Encoding(plain.get(codec, codec), label, certain=True)


def detect(path: Path) -> Encoding:
    """The encoding of a file: by its mark, by its zeros, by being valid UTF-8, or Windows-1252
    where that gives plausible Western words. Anything else stays UTF-8 and uncertain, so that
    no name is ever imported misread: its rows get problems until a person chooses."""
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, codec in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return chosen(codec)
    if wide := _wide_without_mark(head):
        return chosen(wide)
    if _is_utf8(path):
        return chosen("utf-8")
    words = _high_words(path)
    if is_western(words):
        return chosen("cp1252")
    return Encoding("utf-8", _LABELS["utf-8"], certain=False, likely=_likely(words))


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 by its zeros: delimiters, digits and line ends have one zero byte in every script."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > pairs * 0.2 and even < pairs * 0.02:
        return "utf-16-le"
    if even > pairs * 0.2 and odd < pairs * 0.02:
        return "utf-16-be"
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _high_words(path: Path) -> set[bytes]:
    """Distinct words with bytes beyond ASCII, enough of them to judge by."""
    words: set[bytes] = set()
    rest = b""
    for chunk in _chunks(path):
        found = _BYTE_WORD.findall(rest + chunk)
        # The last word may go on in the next chunk; it is judged there, unless it is absurdly long.
        cut_off = bool(_BYTE_WORD.match(chunk[-1:]))
        rest = found.pop() if cut_off and found and len(found[-1]) < _CHUNK else b""
        words.update(word for word in found if not word.isascii())
        if len(words) > _MAX_WORDS:
            return words
    if rest and not rest.isascii():
        words.add(rest)
    return words


def _likely(words: set[bytes]) -> tuple[str, ...]:
    """Labels of the encodings under which every word reads as letters of one script.

    Single-byte encodings come first: nearly any bytes also pass for Chinese characters.
    """
    names = [codec for codec, _label in CHOICES if not codec.startswith("utf")]
    names.sort(key=lambda codec: codec in _MULTI_BYTE)
    # cp1252 was judged, more strictly, before.
    fitting = [codec for codec in names if codec != "cp1252" and _fits(words, codec)]
    return tuple(_LABELS[codecs.lookup(codec).name] for codec in fitting[:3])


def _fits(words: set[bytes], codec: str) -> bool:
    try:
        decoded = [word.decode(codec) for word in words]
    except UnicodeDecodeError:
        return False
    return bool(decoded) and all(_one_script(word) for word in decoded)


def _one_script(word: str) -> bool:
    letters = word.strip("'’‘“”„«»").replace("'", "").replace("’", "")
    if not letters.isalpha() or _case_jumps(letters):
        return False
    names = {unicodedata.name(letter, "?").split()[0].split("-")[0] for letter in letters}
    if "HALFWIDTH" in names:
        return False
    # Japanese mixes three scripts within a word.
    return len({"CJK" if name in {"HIRAGANA", "KATAKANA"} else name for name in names}) <= 1


def _case_jumps(word: str) -> bool:
    """A capital right after a small letter, where one of them is not ASCII: a wrong code page."""
    return any(
        a.islower() and b.isupper() and not (a + b).isascii()
        for a, b in zip(word, word[1:], strict=False)
    )
