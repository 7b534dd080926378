"""Words: every sentence that the course prints, in English and in Korean, side by side in words/*.toml.

    say("report.points", "ko", got=3, most=4)           "3 / 4점"
    say("diagnosis.scale", "ko", output="dx", factor=2)

A sentence is looked up by its id and filled with values. Korean chooses a particle by how the word before it ends:
a sentence writes {output:은는}, and "dx" becomes "dx는", "dw 3" becomes "dw 3은".
"""
import os
from functools import lru_cache
from pathlib import Path

from .data import read

LANGUAGES = ("en", "ko")
FOLDER = Path(__file__).resolve().parents[1] / "words"

PARTICLES = {               # written after a value: (where it ends in a consonant, where it ends in a vowel)
    "은는": ("은", "는"), "이가": ("이", "가"), "을를": ("을", "를"), "과와": ("과", "와"),
    "으로": ("으로", "로"), "이라": ("이라", "라"), "이나": ("이나", "나"), "이에요": ("이에요", "예요"),
    "입니다": ("입니다", "입니다")}
DIGITS = "영일이삼사오육칠팔구"
LETTERS = {**dict.fromkeys("mn", "엠"), **dict.fromkeys("lr", "엘")}       # all other letters' names end in a vowel
SPOKEN = {                  # words of code whose end is not heard as their last letter is named
    "None": "넌", "dtype": "타입", "type": "타입", "step": "스텝", "dropout": "아웃",
    "rng": "지", "string": "링", "stub": "텁", "groups": "스", "map": "맵", "zip": "집", "momentum": "텀"}


def language(asked=None):
    """"en" or "ko": what was asked for, else what the variable NPNET_LANG says, else English.

    ValueError for any other word.
    """
    where, word = ("--lang", asked) if asked is not None else ("NPNET_LANG", os.environ.get("NPNET_LANG") or "en")
    short = word.strip().lower()[:2]
    if short not in LANGUAGES or len(word) > 2 and word[2] not in "_-.":
        raise ValueError(f"{where} must be en or ko, got {word!r}")
    return short


@lru_cache(maxsize=None)
def table(folder=FOLDER):
    """{id: {"en": sentence, "ko": sentence}} of all files of a folder. ValueError where two files have one id."""
    found = {}
    for stem in sorted({path.name.split(".")[0] for path in Path(folder).glob("*.*")}):
        sentences = dict(flattened(read(Path(folder) / stem)))
        twice = sorted(found.keys() & sentences.keys())
        if twice:
            raise ValueError(f"{stem}: the sentence {twice[0]!r} is in another file of words too; give it another id")
        found.update(sentences)
    return found


def flattened(tables, before=""):
    """(id, {"en": .., "ko": ..}) of nested tables: [a3.dx] and ["a3.dx"] are one id."""
    for name, entry in tables.items():
        if isinstance(entry, dict):
            sentences = {key: text for key, text in entry.items() if isinstance(text, str)}
            if sentences:
                yield before + name, sentences
            yield from flattened(entry, f"{before}{name}.")


def sentences():
    """All sentences: those of an own course (NPNET_COURSE) go before npnet's."""
    own = os.environ.get("NPNET_COURSE")
    return together(Path(own).resolve() / "words") if own else table()


@lru_cache(maxsize=None)
def together(folder):
    return {**table(), **table(folder)}


def known(name):
    """Whether there is a sentence of this id."""
    return name in sentences()


def say(name, language, /, **values):
    """The sentence of this id in a language, filled with values. KeyError where there is none of this id."""
    if not known(name):
        raise KeyError(f"no sentence of the course is called {name!r}")
    return filled(sentences()[name][language], **values)


def filled(sentence, /, **values):
    """A sentence with values in the place of {name}; {name:은는} adds the Korean particle that fits the value."""
    return sentence.format(**{name: Value(value) for name, value in values.items()})


class Value:
    """A value in a sentence, which knows Korean particles as formats."""

    def __init__(self, value):
        self.value = value

    def __format__(self, form):
        if form in PARTICLES:
            return f"{self.value}{particle(str(self.value), form)}"
        return format(self.value, form)

    def __getitem__(self, key):
        return Value(self.value[key])


def particle(word, form):
    """The one of two particles that fits the end of a word: particle("dx", "은는") is "는"."""
    with_consonant, with_vowel = PARTICLES[form]
    final = last_consonant(word)
    if form == "으로" and final == 8:                                       # ㄹ: 필터로, 채널로
        return with_vowel
    return with_consonant if final else with_vowel


def last_consonant(word):
    """Which consonant ends the last syllable as it is spoken: 0 for none, 8 for ㄹ, as Unicode counts them."""
    heard = word.rstrip(" )]}>\"'`.,:;!?*")
    last = heard[-1:]
    whole = heard.replace("(", " ").replace(".", " ").split()[-1:] or [""]
    if whole[0] in SPOKEN:
        last = SPOKEN[whole[0]][-1]
    elif last.isdigit() and last.isascii():
        last = DIGITS[int(last)]
    elif len(whole[0]) > 2 and whole[0].lower().endswith(("le", "r")):      # 더블, 에러
        last = "블" if whole[0].lower().endswith("le") else "러"
    elif last.isascii():
        last = LETTERS.get(last.lower(), "아")
    return (ord(last) - 0xAC00) % 28 if "가" <= last <= "힣" else 0
