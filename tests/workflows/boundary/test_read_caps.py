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
IN_MEMORY = {"out.getvalue()", "target.getvalue()"}
"""What the program itself made."""


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
        is_ours = isinstance(function, ast.Name) and name != "input"  # a function, with a cap of its own
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


def comes_with_the_program(read: str, tree: ast.Module) -> bool:
    """Whether a read is of a file beside the program's own modules."""
    ours = {"__file__"} | {
        node.id
        for one in tree.body
        if isinstance(one, ast.Assign) and "__file__" in ast.unparse(one.value)
        for node in one.targets
        if isinstance(node, ast.Name)
    }
    names = {node.id for node in ast.walk(ast.parse(read)) if isinstance(node, ast.Name)}
    return ".read_" in read and bool(ours & names)


def test_every_read_of_the_program_has_a_cap() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name != MECHANISM:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            reads = set(uncapped(tree)) - IN_MEMORY
            found += [f"{path.relative_to(SOURCE)}: {read}" for read in reads if not comes_with_the_program(read, tree)]
    assert found == [], "read it with `ordertui.files`, which takes a cap"


@pytest.mark.parametrize(
    "text",
    ["file.read()", "sys.stdin.readline()", "path.read_bytes()", "for x in sys.stdin: pass", "json.load(f)",
     "[x for x in open('a')]", "for x in path.open(): pass", "run(a, capture_output=True)", "Popen(a, stdout=PIPE)",
     "input('?')", "sys.stdin.readlines()", "subprocess.check_output(a)"],
)  # fmt: skip
def test_a_new_read_without_a_cap_is_found(text: str) -> None:
    assert list(uncapped(ast.parse(text)))
    assert not list(uncapped(ast.parse("file.read(10); read_file(path, 10); read_text(path, 10)")))
    assert not comes_with_the_program("path.read_text()", ast.parse("PLACE = Path(__file__)"))


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


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"{", b'{"id": 7}', zlib.compress(b""), zlib.compress(b"{\n"), zlib.compress(b"\xff\xfe\n")],
)
def test_a_damaged_plan_of_the_journal_is_called_that_and_nobody_is_to_edit_it(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"^the journal's plan cannot be read: it is (damaged|cut short)$"):
        decode(content)


def test_a_plan_of_the_journal_that_is_one_line_without_end_is_refused_at_once() -> None:
    squeezed = zlib.compressobj(1)
    content = b"".join([*(squeezed.compress(b"[" * 2**20) for _ in range(64)), squeezed.flush()])
    begin = time.process_time()
    with pytest.raises(BadInput, match="larger than a plan ever is"):
        decode(content)
    assert time.process_time() - begin < 2, sys.version
