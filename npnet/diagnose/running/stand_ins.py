"""Stand-ins for packages that a stranger's file imports, that are not installed, and that a layer may not need."""
import ast

SILENT = "matplotlib", "seaborn", "IPython", "ipywidgets", "google"         # they only show something


class Silent:
    """Takes every call and has every attribute, and does nothing: plt, display, get_ipython."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *values, **options):
        return self

    def __getitem__(self, key):
        return self

    def __setitem__(self, key, value):
        """Kept nowhere."""


class Missing:
    """Says that a package is missing, when it is used."""

    def __init__(self, package):
        vars(self)["package"] = package

    def __getattr__(self, name):
        raise ModuleNotFoundError(f"No module named {self.package!r}", name=self.package)

    def __call__(self, *values, **options):
        return self.any

    __getitem__ = __setitem__ = __mro_entries__ = __iter__ = __call__


def with_stand_in(node):
    """An import at the top of a file, as a statement that goes on with a stand-in if the package is not installed."""
    if isinstance(node, ast.ImportFrom) and (node.level or node.module == "__future__"):
        return node
    packages = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    names = {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
    attempt = ast.parse("try:\n    pass\nexcept ModuleNotFoundError as missing_package:\n"
                        f"    stand_in(missing_package, {packages}, {list(names)}, globals())").body[0]
    for each in ast.walk(attempt):
        if hasattr(each, "lineno"):
            each.lineno = each.end_lineno = node.lineno
    attempt.body = [node]
    return attempt


def stand_in(error, packages, names, space):
    """Puts stand-ins in the places of the names that an import should have given; raises the error of any other
    package, one that an imported file wanted."""
    package = str(error.name).split(".")[0]
    if package not in [each.split(".")[0] for each in packages]:
        raise error
    silent = Silent() if package in SILENT else progress if package == "tqdm" else None
    for name in names:
        if name != "*":
            space.setdefault(name, silent or Missing(package))


def progress(items=None, *values, **options):
    """tqdm's place: the items, without a bar."""
    return items
