"""Measures how the code reads: `python -m tests.house [PATH ...] [--json] [--worst N]`, or `make house`.

Without a path it measures `services` and `schemas`. The reasons for each figure stand beside its target in `TARGETS`;
`tests/unit/test_house.py` holds the tree to `HELD`. Everything is read from the syntax tree, never from the text, but for
lines, comments and `fmt: skip`.

What is counted:

* a function's length: the lines from its `def` to its last, docstring included, decorators not;
* a public definition: a class, function or method whose name and whose surroundings begin without an underscore;
  nested functions and methods with two underscores are nobody's interface and do not count;
* a bound name: every parameter (but `self` and `cls`), target of an assignment, loop, comprehension, `with`, `except`,
  `:=` or pattern. `_` says "nothing" and does not count;
* branches of a function: `if`, `elif`, `for`, `while`, `except`, `case`, conditional expressions, every `and` or `or`, and the
  `for` and `if` clauses of comprehensions; what a nested function has is its own;
* a comment line: a line that holds a comment and nothing else; directives to tools are no comments.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEFAULT_PATHS = ("services", "schemas")
LONG_LINE = 100
LONG_FILE = 400

# Words that say what was done to a thing, or whose it is, and not what it is.
# `other` is left out, as `__eq__` has it; so are `left` (beside `right`) and `done` (what asyncio.wait gives back).
PARTICIPLES = "asked chosen found given gone got heard held kept known made meant mine own put said seen shown taken told wanted"
PRONOUNS = (
    "another anything both each everything former he her him his it its latter others something such that them these "
    "they this those what which who whom whose"
)
PARTICIPLES_AND_PRONOUNS = frozenset(f"{PARTICIPLES} {PRONOUNS}".split())
_DIRECTIVE = re.compile(r"#\s*(noqa|type:|fmt:|pragma|mypy:|ruff:)")
# A rule has a module of its own however many rules there are: their folder is a list, not a heap.
_MODULE_OF_A_RULE = re.compile(r"r\d\d_[a-z0-9_]+\.py$")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case, ast.IfExp)

# What the measured models reach (issue 15): the name of a figure, and the highest or lowest value that is good.
TARGETS: dict[str, tuple[str, float]] = {
    "function_length_p95": ("at most", 40),
    "function_length_max": ("at most", 100),
    "docstring_share": ("at least", 0.90),
    "one_letter_share": ("at most", 0.05),
    "participle_share": ("at most", 0.003),
    "fmt_skip_per_1000": ("at most", 0),
    "conditional_expressions_per_1000": ("at most", 5),
    "branches_p95": ("at most", 8),
    "long_line_share": ("at most", 0.019),
    "comment_share": ("at least", 0.02),
    "largest_folder": ("at most", 16),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Something to mend: where it is, how bad, and its name or text."""

    path: str
    line: int
    weight: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(slots=True)
class Tally:
    """What was counted in some files."""

    files: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    comment_lines: int = 0
    fmt_skips: list[Place] = field(default_factory=list)
    long_lines: list[Place] = field(default_factory=list)
    function_lengths: list[Place] = field(default_factory=list)
    function_branches: list[Place] = field(default_factory=list)
    conditional_expressions: list[Place] = field(default_factory=list)
    bound_names: int = 0
    one_letter_names: list[Place] = field(default_factory=list)
    participle_names: list[Place] = field(default_factory=list)
    public_definitions: int = 0
    undocumented: list[Place] = field(default_factory=list)
    test_name_words: list[int] = field(default_factory=list)
    imports: Counter[tuple[str, str]] = field(default_factory=Counter)

    def figures(self) -> dict[str, float]:
        """The table of the house."""
        folders = Counter(
            str(Path(path).parent)
            for path in self.files
            if Path(path).name != "__init__.py" and not _MODULE_OF_A_RULE.match(Path(path).name)
        )
        words = self.test_name_words
        return {
            "files": len(self.files),
            "lines": self.lines,
            "function_length_p95": percentile([place.weight for place in self.function_lengths]),
            "function_length_max": max(
                (place.weight for place in self.function_lengths), default=0
            ),
            "docstring_share": 1 - share(len(self.undocumented), self.public_definitions),
            "one_letter_share": share(len(self.one_letter_names), self.bound_names),
            "participle_share": share(len(self.participle_names), self.bound_names),
            "fmt_skip_per_1000": 1000 * share(len(self.fmt_skips), self.lines),
            "conditional_expressions_per_1000": 1000
            * share(len(self.conditional_expressions), self.lines),
            "branches_p95": percentile([place.weight for place in self.function_branches]),
            "long_line_share": share(len(self.long_lines), self.lines),
            "comment_share": share(self.comment_lines, self.lines),
            "largest_folder": max(folders.values(), default=0),
            "files_over_400_lines": sum(length > LONG_FILE for length in self.files.values()),
            "words_in_a_test_name": share(sum(words), len(words)),
        }


def share(part: int, whole: int) -> float:
    """The part of the whole; nothing of nothing is nothing."""
    return part / whole if whole else 0.0


def percentile(values: Sequence[int], rank: float = 0.95) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    if not values:
        return 0.0
    ordered = sorted(values)
    position = -(-len(ordered) * rank // 1)
    return float(ordered[int(position) - 1])


def measure(paths: Iterable[Path], root: Path = ROOT) -> Tally:
    """Count in every Python file under the paths."""
    tally = Tally()
    for path in sorted(_python_files(paths)):
        name = path.relative_to(root) if path.is_relative_to(root) else path
        count(path.read_text(encoding="utf-8"), str(name), tally)
    return tally


def count(source: str, path: str, tally: Tally) -> None:
    """Add one file to the tally."""
    tree = ast.parse(source, filename=path)
    _count_lines(source, path, tally)
    for name, line in bound_names(tree):
        tally.bound_names += 1
        if len(name) == 1:
            tally.one_letter_names.append(Place(path, line, 1, name))
        if name.lstrip("_") in PARTICIPLES_AND_PRONOUNS:
            tally.participle_names.append(Place(path, line, 1, name))
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp):
            place = Place(path, node.lineno, _nested_conditionals(node), ast.unparse(node)[:90])
            tally.conditional_expressions.append(place)
        if isinstance(node, _FUNCTIONS):
            _count_function(node, path, tally)
    for definition, name in _public_definitions(tree):
        tally.public_definitions += 1
        if ast.get_docstring(definition) is None:
            tally.undocumented.append(Place(path, definition.lineno, 1, name))
    importer = package_of(path)
    for imported in _imported_modules(tree, path):
        target = package_of(imported.replace(".", "/") + ".py")
        if target and target != importer:
            tally.imports[importer, target] += 1


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that the code gives to something, with its line."""
    for node in ast.walk(tree):
        names: list[tuple[str | None, int]] = []
        match node:
            case ast.arg():
                names = [(node.arg, node.lineno)]
            case ast.Name(ctx=ast.Store()):
                names = [(node.id, node.lineno)]
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
                names = [(node.name, node.lineno)]
            case ast.MatchMapping():
                names = [(node.rest, node.lineno)]
            case _:
                pass
        for name, line in names:
            if name is not None and name not in {"_", "self", "cls"}:
                yield name, line


def branches(function: ast.AST) -> int:
    """The ways that a reader of this function must keep in mind, nested functions left out."""
    total = 0
    for node in _own_nodes(function):
        if isinstance(node, _BRANCHES):
            total += 1
        elif isinstance(node, ast.BoolOp):
            total += len(node.values) - 1
        elif isinstance(node, _COMPREHENSIONS):
            total += sum(1 + len(clause.ifs) for clause in node.generators)
    return total


def package_of(path: str) -> str:
    """The package that a file belongs to: services.ledger, schemas, tests."""
    parts = Path(path).with_suffix("").parts
    if parts[0] == "services" and len(parts) > 1:
        return ".".join(parts[:2])
    return parts[0] if parts[0] in {"schemas", "tests", "services"} else ""


def missed(figures: dict[str, float], limits: dict[str, tuple[str, float]]) -> list[str]:
    """A sentence for each figure that does not keep its limit."""
    sentences = []
    for name, (kind, limit) in limits.items():
        figure = figures[name]
        is_within = figure <= limit if kind == "at most" else figure >= limit
        if not is_within:
            sentences.append(f"{name} is {figure:.4g} and should be {kind} {limit:g}")
    return sentences


def worst(tally: Tally, number: int) -> dict[str, list[Place]]:
    """The places to begin with, by measure."""
    kinds = {
        "longest functions": tally.function_lengths,
        "most branches": tally.function_branches,
        "conditional expressions, nested first": tally.conditional_expressions,
        "one-letter names": tally.one_letter_names,
        "participles and pronouns as names": tally.participle_names,
        "public without docstring": tally.undocumented,
        "long lines": tally.long_lines,
        "fmt: skip": tally.fmt_skips,
    }
    return {
        kind: sorted(places, key=lambda place: (-place.weight, place.path, place.line))[:number]
        for kind, places in kinds.items()
    }


def folders_of(tally: Tally) -> dict[str, int]:
    """How many files a folder holds, its `__init__.py` left out."""
    counts: defaultdict[str, int] = defaultdict(int)
    for path in tally.files:
        if Path(path).name != "__init__.py":
            counts[str(Path(path).parent)] += 1
    return dict(sorted(counts.items(), key=lambda entry: -entry[1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, with what misses its target; exit 0 always: the unit test is what refuses."""
    parser = argparse.ArgumentParser(prog="python -m tests.house", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list the N worst")
    options = parser.parse_args(arguments)
    paths = options.paths or [ROOT / path for path in DEFAULT_PATHS]
    tally = measure(path.resolve() for path in paths)
    if options.json:
        json.dump(_report(tally, options.worst), sys.stdout, indent=2)
        print()
    else:
        _print_table(tally, options.worst)
    return 0


def _python_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from path.rglob("*.py")
        else:
            yield path


def _count_lines(source: str, path: str, tally: Tally) -> None:
    lines = source.splitlines()
    tally.files[path] = len(lines)
    tally.lines += len(lines)
    for number, line in enumerate(lines, 1):
        if len(line) > LONG_LINE:
            tally.long_lines.append(Place(path, number, len(line), line.strip()[:90]))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if re.match(r"#\s*fmt:\s*(skip|off)", token.string):
            tally.fmt_skips.append(Place(path, token.start[0], 1, token.string))
        stands_alone = token.line[: token.start[1]].strip() == ""
        if stands_alone and not _DIRECTIVE.match(token.string):
            tally.comment_lines += 1


def _count_function(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str, tally: Tally) -> None:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    tally.function_lengths.append(Place(path, node.lineno, length, f"{node.name}: {length} lines"))
    ways = branches(node)
    tally.function_branches.append(Place(path, node.lineno, ways, f"{node.name}: {ways} branches"))
    if node.name.startswith("test_"):
        tally.test_name_words.append(len(node.name.split("_")) - 1)


def _nested_conditionals(node: ast.IfExp) -> int:
    return sum(isinstance(inner, ast.IfExp) for inner in ast.walk(node))


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            continue
        yield child
        yield from _own_nodes(child)


def _public_definitions(
    owner: ast.Module | ast.ClassDef, prefix: str = ""
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
    for node in owner.body:
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)) or node.name.startswith("_"):
            continue
        yield node, prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from _public_definitions(node, f"{prefix}{node.name}.")


def _imported_modules(tree: ast.AST, path: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from services import ledger` names a package, `from services.ledger import x` is in it
            if node.module == "services":
                yield from (f"services.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _report(tally: Tally, number: int) -> dict[str, object]:
    return {
        "figures": tally.figures(),
        "missed": missed(tally.figures(), TARGETS),
        "folders": folders_of(tally),
        "imports": {
            f"{importer} -> {imported}": times
            for (importer, imported), times in sorted(tally.imports.items())
        },
        "worst": {
            kind: [str(place) for place in places] for kind, places in worst(tally, number).items()
        },
    }


def _print_table(tally: Tally, number: int) -> None:
    figures = tally.figures()
    late = missed(figures, TARGETS)
    for name, figure in figures.items():
        kind, limit = TARGETS.get(name, ("", 0.0))
        target = f"{kind} {limit:g}" if kind else ""
        mark = "  <--" if any(sentence.startswith(f"{name} ") for sentence in late) else ""
        print(f"{name:34} {figure:10.4g}   {target}{mark}")
    print("\nfiles per folder")
    for folder, files in folders_of(tally).items():
        print(f"{files:5}  {folder}")
    print("\nimports between packages")
    for (importer, imported), times in sorted(tally.imports.items()):
        back = tally.imports.get((imported, importer), 0)
        print(f"{times:5}  {importer} -> {imported}{f'   and {back} back' if back else ''}")
    for kind, places in worst(tally, number).items():
        if places:
            print(f"\n{kind}")
            for place in places:
                print(f"  {place}")


if __name__ == "__main__":
    sys.exit(main())
