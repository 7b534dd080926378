"""A Diagnosis in words: sentences in English or Korean, from words/diagnosis.toml and the catalogue."""
from ..words import say
from . import smallest
from .trial import Said


def text(diagnosis, language):
    """[sentence] of a Diagnosis: what it is, where it sits, the smallest example, and the question that leads on."""
    found = [spoken(Said(diagnosis.id, diagnosis.values), language, diagnosis.together)]
    found += [spoken(place, language) for place in diagnosis.places]
    if diagnosis.example and (diagnosis.step != "causes" or language != "en"):     # the checker says enough, in English
        found += example(diagnosis.example, language)
    question = asked(diagnosis, language)
    return [sentence for sentence in found + [question] if sentence]


def asked(diagnosis, language):
    """The question that leads on, or ""."""
    if isinstance(diagnosis.ask, Said):
        return spoken(diagnosis.ask, language)
    return (diagnosis.ask or {}).get(language, "")


def spoken(said, language, together=False):
    """The sentence of a Said. together: lists are joined by "and", not by "or"."""
    values = {name: resolved(value, language, together) for name, value in said.values.items()}
    return say(said.id, language, **values).strip()


def resolved(value, language, together=False):
    """A value as it stands in a sentence: tables of languages, Saids and lists of them become text."""
    if isinstance(value, Said):
        return spoken(value, language)
    if isinstance(value, dict):
        return value.get(language, value.get("en", ""))
    if isinstance(value, list):
        parts = [resolved(part, language) for part in value]
        conditions = any(isinstance(part, dict) for part in value)
        word = "diagnosis.and" if together or not conditions else "diagnosis.or"
        if together and conditions:                         # two causes: a line for each
            return "".join(f"\n- {part}" for part in parts) + "\n"
        return joined([str(part) for part in parts], say(word, language))
    return " ".join(value.splitlines()) if isinstance(value, str) else value


def joined(parts, word):
    """'a, b and c'."""
    return (", ".join(parts[:-1]) + word + parts[-1]) if len(parts) > 1 else "".join(parts)


def example(example, language):
    """The sentences of the smallest call that fails: the call, what came, and what to ask."""
    given = ", ".join(f"{name}={smallest.pasted(value)}" for name, value in example.arguments)
    call = f"{example.function}({given})"
    found = [say("diagnosis.example", language, call=call)]
    if example.yours is None:
        return found + [say("diagnosis.example_no_value", language, output=example.output)]
    yours, index = smallest.text(example.yours), ",".join(map(str, example.at))
    found.append(say("diagnosis.example_yours", language, output=example.output, yours=yours))
    if example.at:
        return found + [say("diagnosis.example_ask", language, output=f"{example.output}[{index}]",
                            number=smallest.text(example.yours[example.at]))]
    return found + [say("diagnosis.example_ask_all", language, output=example.output)]
