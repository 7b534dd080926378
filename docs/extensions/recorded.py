"""A directive that shows what a long command printed when it was recorded, and when and where that was.

    ```{recorded} train_shapes
    :alt: What is to be seen in its picture, in words, for those who cannot see it.
    :lines: 1-12
    ```

lines: only these of the output; what is left out is marked by a line of three dots. alt: shows docs/recorded/NAME.png
too. On a page below ko/ the words are Korean. It is an error if the output was never recorded, or with another command
than docs/recorded/commands.toml has now; `python docs/recording.py NAME` records it.
"""
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

sys.path[:0] = [] if str(Path(__file__).parents[1]) in sys.path else [str(Path(__file__).parents[1])]
from recording import FOLDER, read                             # noqa: E402

MONTHS = "January February March April May June July August September October November December".split()
HEADS = {
    "en": "Recorded output: {date}, {machine}; {versions}; took {took}. Recorded again by:",
    "ko": "기록된 출력: {date}, {machine}; {versions}; 걸린 시간 {took}. 다시 기록하는 명령:",
}


class Recorded(SphinxDirective):
    required_arguments = 1
    option_spec = {"lines": directives.unchanged, "alt": directives.unchanged_required}

    def run(self):
        name = self.arguments[0]
        for path in (FOLDER / "commands.toml", FOLDER / f"{name}.txt"):
            self.env.note_dependency(str(path))
        try:
            recording = read(name)
            shown = chosen(recording.output, self.options.get("lines"))
        except (OSError, ValueError) as error:
            raise self.error(str(error))
        language = "ko" if self.env.docname.startswith("ko/") else "en"
        box = nodes.container(classes=["recorded"])
        text = "".join(f"$ {line}\n" for line in recording.command.splitlines()) + shown
        box += nodes.literal_block(text, text, language="text", classes=["recorded-output"])
        box += marker(name, recording, language)
        picture = [self.picture(name)] if "alt" in self.options else []
        return [box, *picture]

    def picture(self, name):
        if not (FOLDER / f"{name}.png").exists():
            raise self.error(f"{name} has no recorded picture; give its table in commands.toml a line picture = ...")
        return nodes.image(uri=f"/recorded/{name}.png", alt=self.options["alt"])


def marker(name, recording, language):
    """The line below the output: when it was recorded, on what, how long it took, and how to do it again."""
    said = HEADS[language].format(date=day(recording.date, language), machine=recording.machine,
                                  versions=recording.versions, took=took(recording.seconds, language))
    line = nodes.paragraph(classes=["recorded-marker"])
    line += nodes.Text(said + " ")
    line += nodes.literal(text=f"python docs/recording.py {name}")
    return line


def day(date, language):
    """26 November 2026."""
    return (f"{date.year}년 {date.month}월 {date.day}일" if language == "ko"
            else f"{date.day} {MONTHS[date.month - 1]} {date.year}")


def took(seconds, language):
    """85 seconds, 12 minutes."""
    minutes = seconds >= 120
    number = round(seconds / 60 if minutes else seconds) or 1
    units = {"ko": ("초", "분"), "en": (" second", " minute")}[language]
    return f"{number}{units[minutes]}{'s' if language == 'en' and number > 1 else ''}"


def chosen(text, lines):
    """The lines "1-12" or "1-4, 9-" of a text, dots for those left out. ValueError if there are none such."""
    if not lines:
        return text
    every = text.splitlines()
    keep = set()
    for part in lines.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            low, high = int(first or 1), int(last or len(every)) if dash else int(first)
        except ValueError:
            raise ValueError(f"lines must be like 1-12, 20-, got {lines!r}") from None
        if not 1 <= low <= high <= len(every):
            raise ValueError(f"lines {part.strip()} are not in the output, which has {len(every)}")
        keep.update(range(low, high + 1))
    shown = []
    for number, line in enumerate(every, 1):
        if number in keep:
            shown.append(line)
        elif not shown or shown[-1] != "...":
            shown.append("...")
    return "\n".join(shown) + "\n"


def setup(app):
    app.add_directive("recorded", Recorded)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
