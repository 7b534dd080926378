"""Words: every sentence that explain says, in English and in Korean side by side in *.toml, looked up by its id.

    said = Said("size.dense", outputs=10, inputs=500)
    said                        "10 outputs, each of which sees all 500 inputs"
    said.within("ko")           "출력 10개, 하나하나가 입력 500개를 모두 봅니다"

A Said is a str, its English, that can still be said in another language, with all Said among its values. Korean
sentences are written so that no particle depends on a value. Values that are no words are the same in all languages.
"""
import os
import re
import tomllib
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ...screen.words import sentence

LANGUAGES = ("en", "ko")
VARIABLE = "NPNET_LANG"
FOLDER = Path(__file__).parent


class Said(str):
    """A sentence: the text in English, its id and its values."""

    def __new__(cls, name, /, **values):
        said = super().__new__(cls, filled(name, "en", values))
        said.name, said.values = name, values
        return said

    def within(self, language):
        """The text in a language: "en" or "ko"."""
        return filled(self.name, language, self.values)

    def __getnewargs_ex__(self):
        return (self.name,), self.values


def within(text, language):
    """A text in a language, if it is a Said; any other text as it is."""
    return text.within(language) if isinstance(text, Said) else str(text)


def filled(name, language, values):
    """The sentence of an id in a language, with its values."""
    return table()[name][language].format(**{
        key: value.within(language) if isinstance(value, Said) else value for key, value in values.items()})


def several(thing, count):
    """A counted thing: several("number", 9) is "9 numbers", several("number", 1) "1 number"."""
    return Said(f"count.{thing}.{'one' if count == 1 else 'many'}", count=count)


class Listed(Said):
    """Several sentences with commas between them."""

    def __new__(cls, texts):
        said = str.__new__(cls, ", ".join(texts))
        said.texts = list(texts)
        return said

    def within(self, language):
        return ", ".join(within(text, language) for text in self.texts)

    def __getnewargs_ex__(self):
        return (self.texts,), {}


@lru_cache(maxsize=None)
def table():
    """{id: {"en": sentence, "ko": sentence}} of all files here."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        found.update(tomllib.loads(path.read_text("utf-8")))
    return found


def chosen(language=None):
    """"en" or "ko": what was asked for, else what the variable NPNET_LANG says (ko_KR.UTF-8 is ko), else English.

    ValueError for any other word.
    """
    where, word = ("--lang", language) if language is not None else (VARIABLE, os.environ.get(VARIABLE) or "en")
    short = re.split("[_.-]", word.strip().lower())[0]
    if short not in LANGUAGES:
        raise ValueError(f"{where} must be {' or '.join(LANGUAGES)}, got {word!r}")
    return short


def understood(text):
    """A text that another room of npnet wrote, as a Said if it is one of the sentences "elsewhere.*"; else as it is."""
    for name, pattern in patterns():
        found = pattern.fullmatch(text)
        if found:
            return Said(name, **found.groupdict())
    return text


@contextmanager
def errors_in(language):
    """Errors that are a Said, or whose sentences are known here, leave the block in this language."""
    try:
        yield
    except (ValueError, KeyError, OSError) as error:
        said = [each for each in error.args if isinstance(each, Said)]
        text = said[0] if said else understood(sentence(error))
        if language == "en" or not isinstance(text, Said):
            raise
        raise type(error)(text.within(language)) from error


@lru_cache(maxsize=None)
def patterns():
    """[(id, the regular expression of its English)] of the sentences of other rooms."""
    return [(name, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(entry["en"]))))
            for name, entry in table().items() if name.startswith("elsewhere.")]
