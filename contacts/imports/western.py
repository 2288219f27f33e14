"""Whether words read as Windows-1252 are plausible Western European text.

Every single-byte file decodes as Windows-1252, so the question is whether the result reads as
names. Code pages next to it share most letters (a Czech "Kučera" turns into "Kuèera"), hence the
rules about neighbours. Doubt means no: the person then chooses the encoding, which costs a click,
where a wrong guess would misspell people's names.
"""

import re

# Letters that names of one language bring together. A word must fit one of them.
_ALPHABETS = tuple(
    frozenset(letters)
    for letters in (
        "àâäæçéèêëîïôœùûüñ",  # French, Dutch
        "äöüßéå",  # German, Swedish, Finnish
        "áéíóúüñçàèòï",  # Spanish, Catalan
        "áâãàçéêíóôõúü",  # Portuguese
        "àèéìíîòóùú",  # Italian
        "æøåéèêóòôäöü",  # Danish, Norwegian
        "áéíóöúü",  # Hungarian as far as Windows-1252 has it
    )
)
# Signs of another code page, in lower case.
_FOREIGN = re.compile(
    r"""
      [šžÿƒˆ˜ðþýªºµ]        # Mac Roman vowels; Turkish g, s, i; Icelandic is left to the person
    | œ(?![iu])              # French has it in oeu and oei; elsewhere it is a Mac Roman u
    | û(?![tlrm])           # French; else Hungarian
    | õ(?!e) | ã(?!o|e|s?$)  # Portuguese; else Hungarian or Romanian
    | ñ(?![aeiouáéíóú])      # Spanish; else Polish
    | è(?=[aeiouyáéíóú]|$)   # French before a consonant; else a Czech or Croatian c
    | [ìòù](?=\w)            # Italian at the end; else Czech or Latvian
    | æ$                     # else a Croatian c
    | (?<![aeiouáé])[ïë]     # Dutch and French after a vowel; else Lithuanian or Czech
    | ø[aeiouyáéíóú] | [aeiouyáéíóú]ø  # else a Czech r
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"^[“‘«](.{3,})[”’»]$")
_ELISION = re.compile(r"^[A-Za-z]{1,2}’(?=[A-Z])")  # O’Brien, d’Angelo
_TYPOGRAPHY = "“”‘„«»…–—•€£™®©°'"


def is_western(words: set[bytes]) -> bool:
    """At least one word says Windows-1252, and no word speaks against it."""
    verdicts = {_verdict(word) for word in words}
    return True in verdicts and False not in verdicts


def _verdict(raw: bytes) -> bool | None:
    """True for, False against, None where a word says nothing."""
    try:
        text = raw.decode("cp1252").replace("\u00a0", "")
    except UnicodeDecodeError:
        return False
    word = _ELISION.sub("", _QUOTED.sub(r"\1", text))
    typeset = word != text
    word = word.removesuffix("’s").removesuffix("’")  # no evidence: a Mac Roman í looks so too
    if not re.search(r"[€£©®°]\w", word):
        word = word.strip(_TYPOGRAPHY)
    if word.isascii():
        return True if typeset and word.isalpha() else None
    return _reads_as_name(word)


def _reads_as_name(word: str) -> bool | None:
    """Judged per part, since double names are written with an apostrophe or a hyphen."""
    if len(word) == 1 and word.isalpha():
        return None  # an initial
    for part in filter(None, word.split("'")):
        if part.isascii():
            continue
        if not part.isalpha() or _shouts_in_the_middle(part) or not _mostly_ascii(part):
            return False
        lower = part.lower()
        if _FOREIGN.search(lower):
            return False
        accents = frozenset(letter for letter in lower if not letter.isascii())
        if not any(accents <= alphabet for alphabet in _ALPHABETS):
            return False
    return True


def _mostly_ascii(word: str) -> bool:
    beyond = sum(not letter.isascii() for letter in word)
    return beyond <= len(word) - beyond


def _shouts_in_the_middle(word: str) -> bool:
    """A capital after a small letter, or a small one in capitals, where one is not ASCII."""
    if word.isupper() or word.islower() or word.istitle():
        return False
    return any(
        a.islower() != b.islower() and not (a + b).isascii()
        for a, b in zip(word[1:], word[2:], strict=False)
    ) or (word[0].islower() and word[1].isupper())
