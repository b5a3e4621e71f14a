"""Count what docs/architecture.md promises of the code's structure, and keep the table there up to date.

`python scripts/house_report.py` prints the table and, below it, where each count comes from (`--where`).
`--write` puts the table into docs/architecture.md; `--check` exits with 1 when the table there is not today's.
Standard library only, except for the docstring rule, which asks ruff.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- house report: begin -->", "<!-- house report: end -->"
MAX_MEMBERS, MAX_LINES, MAX_WIDTH = 25, 400, 120


class Module(NamedTuple):
    """One source file."""

    name: str
    """Dotted, such as `ordertui.store.repositories.orders`."""
    path: Path
    is_package: bool
    lines: list[str]
    tree: ast.Module


class Count(NamedTuple):
    """One line of the report: a name, and the places that were counted."""

    name: str
    places: list[str]
    total: int | None = None
    """What is shown instead of the number of places."""


def read_modules() -> list[Module]:
    """Read every source file of the program."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Module(name, path, is_package, text.splitlines(), ast.parse(text)))
    return found


def classes_of(modules: Iterable[Module]) -> Iterator[tuple[Module, ast.ClassDef]]:
    """Yield every class with its module."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                yield module, node


def place(module: Module, node: ast.AST, text: str = "") -> str:
    """Format where a node stands."""
    return f"{module.path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {text}".rstrip()


def base_names(node: ast.ClassDef) -> list[str]:
    """Return the last name of each base class; subscripts are left out."""
    found = []
    for base in node.bases:
        inner = base.value if isinstance(base, ast.Subscript) else base
        found.append(inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "?"))
    return found


def is_type_checking(test: ast.expr) -> bool:
    """Tell whether an expression asks for `TYPE_CHECKING`."""
    return any(isinstance(node, ast.Name) and node.id == "TYPE_CHECKING" for node in ast.walk(test))


def own_members(node: ast.ClassDef) -> set[str]:
    """Return the public names that a class defines: functions, annotated and assigned names, `self.x = ...`."""
    found: set[str] = set()
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(item.name)
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found.add(item.target.id)
        elif isinstance(item, ast.Assign):
            found.update(target.id for target in item.targets if isinstance(target, ast.Name))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and ast.unparse(inner.value) == "self":
            found.add(inner.attr)
    return {name for name in found if not name.startswith("_")}


def members(name: str, classes: Mapping[str, ast.ClassDef], seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the public members of a class, those of its bases in this program included."""
    if name not in classes or name in seen:
        return set()
    node = classes[name]
    return own_members(node).union(*(members(base, classes, seen | {name}) for base in base_names(node)))


def imports_of(module: Module, names: set[str]) -> set[str]:
    """Return the program's modules that a module imports when it is loaded; late and type-only ones are left out."""
    found: set[str] = set()
    waiting: list[ast.stmt] = list(module.tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and is_type_checking(node.test):
            waiting += node.orelse
        elif isinstance(node, ast.If | ast.Try):
            waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _start_of(module, node)
            found.update(f"{start}.{alias.name}" if f"{start}.{alias.name}" in names else start for alias in node.names)
    return found & names - {module.name}


def _start_of(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in graph[name]:
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def package_graph(modules: list[Module], graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return which packages import which. A package and those inside it count as different ones.

    `__main__` counts as a package of its own: it starts the program and nothing imports it.
    """
    stands_alone = {m.name for m in modules if m.is_package or m.name.endswith(".__main__")}
    package = {m.name: m.name if m.name in stands_alone else m.name.rpartition(".")[0] for m in modules}
    found: dict[str, set[str]] = defaultdict(set)
    for name, others in graph.items():
        found[package[name]] |= {package[other] for other in others if other in package} - {package[name]}
    for others in list(found.values()):
        for other in others:
            found.setdefault(other, set())
    return found


def any_in_signatures(modules: Iterable[Module]) -> list[str]:
    """Find public functions and fields whose annotation says `Any`."""
    found = []
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            positional = (*node.args.posonlyargs, *node.args.args)
            arguments = (*positional, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
            written = [argument.annotation for argument in arguments if argument] + [node.returns]
            if any(isinstance(n, ast.Name) and n.id == "Any" for part in written if part for n in ast.walk(part)):
                found.append(place(module, node, node.name))
    return found


def not_imperative() -> list[str]:
    """Ask ruff for docstrings that do not begin with an imperative verb (D401)."""
    ruff = [sys.executable, "-m", "ruff", "check", "src", "--isolated"]
    command = [*ruff, "--select", "D401", "--output-format", "concise"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [line for line in told.splitlines() if " D401 " in line]


def structure(modules: list[Module]) -> list[Count]:
    """Count what the classes look like."""
    classes = {node.name: node for _, node in classes_of(modules)}
    named: dict[str, list[str]] = defaultdict(list)
    large, bases, stubs, declared = [], [], [], []
    for module, node in classes_of(modules):
        count = len(members(node.name, classes))
        if count > MAX_MEMBERS:
            large.append(place(module, node, f"{node.name}: {count}"))
        bases.append((len(node.bases), place(module, node, node.name)))
        if not node.name.startswith("_") and node in module.tree.body:  # nested: Textual's messages
            named[node.name].append(place(module, node, node.name))
        for inner in node.body:
            if isinstance(inner, ast.If) and is_type_checking(inner.test):
                declared.append(place(module, inner, node.name))
            raises = [n for n in ast.walk(inner) if isinstance(n, ast.Raise) and "NotImplementedError" in ast.dump(n)]
            stubs += [place(module, n, node.name) for n in raises]
    most = max((count for count, _ in bases), default=0)
    return [
        Count(f"classes with more than {MAX_MEMBERS} public members, inherited ones included", large),
        Count("most bases of a class", [where for count, where in bases if count == most and count > 1], most),
        Count("stubs that raise NotImplementedError", stubs),
        Count("members declared under TYPE_CHECKING", declared),
        Count("public class names used twice", [one for places in named.values() if len(places) > 1 for one in places],
              sum(len(places) > 1 for places in named.values())),
    ]  # fmt: skip


def report() -> list[Count]:
    """Count everything."""
    modules = read_modules()
    names = {module.name for module in modules}
    graph = {module.name: imports_of(module, names) for module in modules}
    wide = [
        f"{module.path.relative_to(ROOT)}:{number}"
        for module in modules
        for number, line in enumerate(module.lines, start=1)
        if len(re.sub(r"  # (noqa|type: ignore).*", "", line)) > MAX_WIDTH  # as ruff counts
    ]
    long = [f"{m.path.relative_to(ROOT)} {len(m.lines)}" for m in modules if len(m.lines) > MAX_LINES]
    return [
        *structure(modules),
        Count("public functions with `Any` in their signature", any_in_signatures(modules)),
        Count("circles of imports between modules", [" ".join(group) for group in circles(graph)]),
        Count("circles of imports between packages", [" ".join(g) for g in circles(package_graph(modules, graph))]),
        Count(f"lines over {MAX_WIDTH} characters", wide),
        Count("docstrings that are not imperative (D401)", not_imperative()),
        Count(f"modules over {MAX_LINES} lines", long),
        Count("modules", [], len(modules)),
        Count("lines in all", [], sum(len(module.lines) for module in modules)),
    ]


def table(counts: Iterable[Count]) -> str:
    """Format the counts as a Markdown table."""
    rows = [f"| {one.name} | {len(one.places) if one.total is None else one.total:,} |" for one in counts]
    return "\n".join(["| count | now |", "|---|---:|", *rows])


def with_table(page: str, text: str) -> str:
    """Return the page with the table between its two marks replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main(say: Callable[[str], None] = print) -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(description="Count what docs/architecture.md promises of the structure.")
    parser.add_argument("--where", action="store_true", help="also print each place that was counted")
    parser.add_argument("--write", action="store_true", help="put the table into docs/architecture.md")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when the table in docs/architecture.md is old"
    )
    options = parser.parse_args()
    counts = report()
    text = table(counts)
    say(text)
    if options.where:
        for one in counts:
            say("\n".join([f"\n{one.name}:", *(f"  {where}" for where in one.places)]) if one.places else "")
    page = PAGE.read_text(encoding="utf-8")
    if options.write:
        PAGE.write_text(with_table(page, text), encoding="utf-8")
    if options.check and with_table(page, text) != page:
        say("\ndocs/architecture.md has an older table: run `python scripts/house_report.py --write`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
