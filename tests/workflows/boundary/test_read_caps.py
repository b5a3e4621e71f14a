"""Nothing is read without a cap: files, pipes, downloads and pastes go through `files`, or name a size."""

from __future__ import annotations

import ast
import io
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import ordertui
from ordertui.files import TooLong, read_line, read_stream
from ordertui.operations.errors import BadInput
from ordertui.operations.planning.plan_file import decode
from support.cli import Command

SOURCE = Path(ordertui.__file__).parent
MECHANISM = "files.py"
WITHOUT_END = {
    "read", "readline", "readlines", "readall", "read_text", "read_bytes", "aread", "iter_content", "getvalue",
    "getoutput", "input", "recv",
}  # fmt: skip
"""Calls that take all there is when they are given no size."""
PARSERS = {"json": {"load"}, "tomllib": {"load"}, "pickle": {"load", "loads"}, "yaml": {"load"}, "marshal": {"load"}}
STREAMS = {"stdin", "buffer"}
CHECKED = {
    "cli/web_server.py": {"(TEMPLATES / name).read_text(encoding='utf-8')"},
    "messages/sentences.py": {"Path(__file__).with_name('sentences.txt').read_text(encoding='utf-8')"},
    "operations/limits.py": {"Path(__file__).with_name(name).read_bytes()"},
    "rules/policy/bundled.py": {"(Path(__file__).parent.with_name('policies') / name).read_text(encoding='utf-8')"},
    "store/engine/postgres.py": {"(SCHEMA_FOLDER / name).read_text(encoding='utf-8')"},
    "store/migrations.py": {"(Path(__file__).with_name('schema') / 'sqlite' / name).read_text(encoding='utf-8')"},
    # what the program itself made in memory
    "operations/demo/example_reports.py": {"out.getvalue()", "target.getvalue()"},
    "operations/query/export.py": {"out.getvalue()"},
    "tui/screens/base.py": {"read()"},
    "operations/notify/receivers.py": set(),
}
"""What is read whole on purpose: files that come with the program, and what it made itself."""


def uncapped(tree: ast.AST) -> Iterator[str]:
    """Yield the expressions that read without a size."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.comprehension)):
            named = node.iter.attr if isinstance(node.iter, ast.Attribute) else getattr(node.iter, "id", "")
            if named in STREAMS or _is_open(node.iter):
                yield f"for ... in {ast.unparse(node.iter)}"
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        on = function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
        takes_no_size = not node.args or name in ("read_text", "read_bytes", "getoutput", "input")
        is_ours = name in ("read_text", "read_bytes") and isinstance(function, ast.Name)  # functions with a cap
        if (
            (name in WITHOUT_END and takes_no_size and not is_ours)
            or name in PARSERS.get(on, ())
            or (on == "subprocess" and name == "check_output")
            or any(word.arg == "capture_output" for word in node.keywords)
            or any(word.arg in ("stdout", "stderr") and "PIPE" in ast.unparse(word.value) for word in node.keywords)
        ):
            yield ast.unparse(node)


def _is_open(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) == "open"


def test_every_read_of_the_program_has_a_cap() -> None:
    found: dict[str, set[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        reads = set(uncapped(ast.parse(path.read_text(encoding="utf-8")))) if name != MECHANISM else set()
        if reads:
            found[name] = reads
    assert found == {name: reads for name, reads in CHECKED.items() if reads}, "read it with `ordertui.files`"


@pytest.mark.parametrize(
    "text",
    ["file.read()", "sys.stdin.readline()", "path.read_bytes()", "for x in sys.stdin: pass", "json.load(f)",
     "[x for x in open('a')]", "for x in path.open(): pass", "run(a, capture_output=True)", "Popen(a, stdout=PIPE)",
     "input('?')", "sys.stdin.readlines()", "subprocess.check_output(a)"],
)  # fmt: skip
def test_the_list_finds_new_ones(text: str) -> None:
    assert list(uncapped(ast.parse(text)))
    assert not list(uncapped(ast.parse("file.read(10); read_file(path, 10); read_text(path, 10)")))


class Endless(io.StringIO):
    """A pipe that gives the same letter for ever."""

    given = 0

    def read(self, size: int | None = -1, /) -> str:
        assert size is not None, "read without a cap"
        assert size >= 0, "read without a cap"
        self.given += size
        return "x" * size

    readline = read  # type: ignore[assignment]


def test_a_pipe_without_end_is_read_up_to_the_cap() -> None:
    for read in (read_stream, read_line):
        pipe = Endless()
        with pytest.raises(TooLong, match="the secret is longer than 10 characters"):
            read(pipe, 10, "the secret")
        assert pipe.given == 11
    assert read_stream(io.BytesIO(b"1234567890"), 10, "it") == b"1234567890"
    assert read_line(io.StringIO("12345\n67\n"), 6, "it") == "12345\n"


def test_a_secret_of_a_million_characters_is_refused_in_words(tmp_path: Path) -> None:
    done = Command(tmp_path).run("notify", "login", "team", stdin="x" * 10**6)
    assert done.code == 4, done
    assert "the address is longer than 16,384 characters" in done.stderr
    assert "xxxx" not in done.stderr


def test_a_plan_of_the_journal_that_is_one_line_without_end_is_refused_at_once() -> None:
    squeezed = zlib.compressobj(1)
    content = b"".join([*(squeezed.compress(b"[" * 2**20) for _ in range(64)), squeezed.flush()])
    begin = time.process_time()
    with pytest.raises(BadInput, match="larger than a plan ever is"):
        decode(content)
    assert time.process_time() - begin < 2, sys.version
