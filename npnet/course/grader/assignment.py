"""All of one assignment: its source, its properties, its catalogue, its solution ready to be called.

    assignment = load("a3")
    for a, calls in assignment.probes(key): ...
"""
import importlib.util
import os
import re
from functools import cached_property, lru_cache
from pathlib import Path

from .calls import Direct
from .data import read
from .draws import Draw
from .mistakes import mistakes_of, patched
from .perform import namespace
from .results import worth
from .source import Source

HOME = Path(__file__).resolve().parents[1]          # npnet/course
PUBLIC = "public"                                   # the key of the public probes: the same for all


class Assignment:
    """An assignment of the course in `folders`: of several, the first that has a file is taken."""

    def __init__(self, id, folders):
        self.id, self.folders = id, folders
        self.path = file_of(id, folders)
        self.filename = self.path.name
        self.source = Source(self.path.read_text("utf-8"), self.filename)

    @cached_property
    def checks(self):
        """The module of checks/, with its PROPERTIES and OUTPUTS."""
        path = first(self.folders, f"checks/{self.id}.py")
        if path.parent.parent == HOME:
            return importlib.import_module(f"...checks.{self.id}", __name__)
        spec = importlib.util.spec_from_file_location(f"{__package__.rpartition('.')[0]}.checks.own_{self.id}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @property
    def properties(self):
        return self.checks.PROPERTIES

    @property
    def outputs(self):
        """{function: names of its outputs}."""
        return getattr(self.checks, "OUTPUTS", {})

    @cached_property
    def mistakes(self):
        return mistakes_of(read(first(self.folders, f"catalogue/{self.id}.toml").with_suffix("")))

    @cached_property
    def imported(self):
        """{name: function} of the earlier assignments' solutions: the module `parts` of this one."""
        found = {}
        for name in self.source.parts:
            home = self.home_of(name)
            if home is None:
                raise ValueError(f"{self.filename} imports {name} from parts, and no earlier assignment has it")
            found[name] = home.reference.names[name]
        return found

    def home_of(self, name):
        """The nearest earlier assignment that has a function, or None."""
        own = self.folders[0] if len(self.folders) > 1 else None
        for id in reversed([id for id in ids(self.folders) if number(id) < number(self.id)]):
            if name in load(id, own).source.functions:
                return load(id, own)
        return None

    @cached_property
    def builds_on(self):
        """The earlier assignments whose functions this one imports from `parts`, in their order."""
        found = {other.id: other for other in map(self.home_of, self.source.parts) if other}
        return [found[id] for id in sorted(found, key=number)]

    @cached_property
    def needs(self):
        """The assignments that must be there for this one to run: those it builds on, and what these build on."""
        found = {each.id: each for other in self.builds_on for each in [*other.needs, other]}
        return [found[id] for id in sorted(found, key=number)]

    @cached_property
    def reference(self):
        """The solution, ready to be called."""
        return self.run(self.source.solution)

    def run(self, text):
        """A Direct of a text in the place of the student's file."""
        return Direct(namespace(text, self.filename, {"parts": self.imported}), self.filename, text)

    def mistaken(self, *mistakes):
        """The solution with one or several mistakes, ready to be called."""
        text = self.source.solution
        for mistake in mistakes:
            text = patched(text, mistake)
        return self.run(text)

    @cached_property
    def misfits(self):
        """{id: sentence} of the mistakes whose patch no longer fits the solution, or does not run."""
        found = {}
        for mistake in self.mistakes:
            try:
                self.mistaken(mistake)
            except Exception as error:                  # a patch that does not fit, or a text that does not run
                found[mistake.id] = str(error) if isinstance(error, ValueError) else f"mistake {mistake.id}: {error!r}"
        return found

    def refuse_misfits(self):
        """Raises ValueError where the solution has changed under its catalogue.

        An assignment of one's own that only shares its id with one of ours fits none of our mistakes, and is no fault.
        """
        path = first(self.folders, f"catalogue/{self.id}.toml")
        beside = path.parent.parent == self.path.parent.parent
        if self.misfits and (beside or len(self.misfits) < len(self.mistakes)):
            first_of_them = next(iter(self.misfits.values()))
            raise ValueError(f"{path}: {len(self.misfits)} of {len(self.mistakes)} mistakes do not fit the solution; "
                             f"the first: {first_of_them}; npnet course selftest {self.id} lists them all")

    @cached_property
    def parts(self):
        """{name: the solution's function}, of this assignment and of those that it builds on."""
        return {**self.imported, **self.reference.names}

    def calls(self, property, key=PUBLIC):
        """The calls of a property; those of a hidden one depend on the student's key."""
        draw = Draw(key if property.hidden else PUBLIC).part(property.id)
        return property.calls(draw, self.parts)

    def of(self, region):
        """The properties of a region, public ones first."""
        return sorted((p for p in self.properties if p.region == region), key=lambda p: p.hidden)

    def worth(self, region):
        """[(property, its points)] of a region."""
        return worth(self.of(region), self.source.regions[region].points)


def number(id):
    """The place of an assignment in the course: a1 ... a10, then b1."""
    match = re.fullmatch(r"([a-z])(\d+)", id)
    return (match[1], int(match[2]))


def folders_of(folder=None):
    """Where the course's files are looked for: an own folder (or NPNET_COURSE) before ours."""
    own = folder or os.environ.get("NPNET_COURSE")
    return ([Path(own).resolve()] if own else []) + [HOME]


def first(folders, name):
    """The first file of that name (or its compiled form) among the folders."""
    for folder in folders:
        path = folder / name
        if path.is_file() or path.with_suffix(".json").is_file():
            return path
    return folders[-1] / name


def ids(folders=None):
    """The ids of all assignments, in their order."""
    files = [path for folder in folders or folders_of() for path in (folder / "assignments").glob("*_*.py")]
    found = {path.stem.partition("_")[0] for path in files}
    return sorted((id for id in found if re.fullmatch(r"[a-z]\d+", id)), key=number)


def file_of(id, folders):
    """The path of an assignment's file. ValueError: there is no such assignment."""
    for folder in folders:
        for path in sorted((folder / "assignments").glob(f"{id}_*.py")):
            return path
    raise ValueError(f"there is no assignment {id}; there are {', '.join(ids(folders))}")


def load(id, folder=None):
    """The Assignment of an id. folder: an own course folder, whose files go before ours."""
    return loaded(id, tuple(folders_of(folder)))


@lru_cache(maxsize=None)
def loaded(id, folders):
    return Assignment(id, list(folders))
