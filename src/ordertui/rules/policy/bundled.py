"""The editions that come with the program, as text, and the TOML parser of policy files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ordertui.files import load_toml
from ordertui.rules.problems import PolicyError, PolicyProblem, did_you_mean

EDITIONS = ("amazon", "article")
"""`amazon` has today's rules, `article` those of the article that ordertui was written for."""


def read_bundled_text(edition: str) -> tuple[str, str]:
    """Return text and file name of an edition. Raises PolicyError when there is no such edition."""
    if edition not in EDITIONS:
        hint = did_you_mean(edition, EDITIONS)
        raise PolicyError([PolicyProblem("policy", 0, 0, f"there is no edition {edition!r}{hint}")])
    name = f"{edition}.toml"
    return (Path(__file__).parent.with_name("policies") / name).read_text(encoding="utf-8"), name


def parse_toml(text: str, file: str) -> dict[str, object]:
    """Return the parsed TOML. Raises PolicyError that shows the place of a syntax error."""
    try:
        return load_toml(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        message = f"is not TOML: {str(error).partition(' (at ')[0]}"
        if place is None:
            raise PolicyError([PolicyProblem(file, 0, 0, message)]) from error
        line, column = int(place[1]), int(place[2])
        lines = text.split("\n")
        shown = lines[line - 1].rstrip("\r").replace("\t", " ") if line <= len(lines) else ""
        raise PolicyError([PolicyProblem(file, line, column, message, shown)]) from error
