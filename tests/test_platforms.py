"""Nothing that Windows lacks is imported where a module begins: there, the program would not start, nor its tests."""

from __future__ import annotations

import re

from support.cli import ROOT

UNIX_ONLY = r"(?:fcntl|grp|posix|pty|pwd|readline|resource|syslog|termios|tty)"
AT_THE_TOP = re.compile(rf"^(?:import|from) {UNIX_ONLY}\b.*", re.MULTILINE)


def test_no_module_begins_with_an_import_of_unix_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for folder in ("src", "tests", "scripts")
        for path in (ROOT / folder).rglob("*.py")
        for line in AT_THE_TOP.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert AT_THE_TOP.findall("import os\nimport pty\n    import tty\n") == ["import pty"]
