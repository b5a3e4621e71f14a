"""Amazon's OpenAPI models as a judge: which operation a request is, and what is wrong with it or with an answer.

Stricter than the models say: unknown query parameters and unknown body properties are errors too, so that a misspelt
name never passes.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

MODELS = Path(__file__).with_name("models")
_FORMATS = FormatChecker(formats=())


def _moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_FORMATS.checks("date-time", raises=ValueError)(_moment)


class ContractBroken(AssertionError):
    """The simulator itself answered what Amazon's model does not allow."""


@dataclass
class Route:
    """One operation of a model."""

    name: str
    model: str
    method: str
    path: str
    pattern: re.Pattern[str]
    spec: dict[str, Any]
    schemas: dict[str, Draft4Validator] = field(default_factory=dict)


class Contract:
    """All models of a folder."""

    def __init__(self, folder: Path = MODELS) -> None:
        self.routes: list[Route] = []
        for file in sorted(folder.glob("*.json")):
            self._load(file)
        if not self.routes:
            raise FileNotFoundError(f"{folder} holds none of Amazon's models")

    def _load(self, file: Path) -> None:
        model = json.loads(file.read_text(encoding="utf-8"))
        document = {"definitions": {name: _strict(schema) for name, schema in model["definitions"].items()}}
        registry = Registry().with_resource("urn:model", DRAFT4.create_resource(document))
        for path, methods in model["paths"].items():
            pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))
            for method, spec in methods.items():
                if isinstance(spec, dict) and "operationId" in spec:
                    route = Route(spec["operationId"], file.stem, method.upper(), path, pattern, spec)
                    for key, schema in _schemas(spec):
                        route.schemas[key] = Draft4Validator(
                            _absolute(schema), registry=registry, format_checker=_FORMATS
                        )
                    self.routes.append(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The operation of a request, with its path parameters."""
        for route in self.routes:
            found = route.pattern.fullmatch(path)
            if found and route.method == method:
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def operation(self, name: str, path: str = "") -> Route:
        """Return the operation of a name, and of a path where several models have the name."""
        return next(route for route in self.routes if route.name == name and path in ("", route.path))

    def request_problems(self, route: Route, query: dict[str, str], body: object) -> list[str]:
        """What Amazon's model says is wrong with a request."""
        declared = {p["name"]: p for p in route.spec.get("parameters", []) if p.get("in") == "query"}
        found = [f"unknown query parameter {name}" for name in query if name not in declared]
        found += [f"missing query parameter {n}" for n, p in declared.items() if p.get("required") and n not in query]
        for name, text in query.items():
            if name in declared:
                found += _parameter_problems(declared[name], text)
        validator = route.schemas.get("body")
        if validator is not None:
            found += [f"body: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]
        elif body is not None:
            found.append("this operation takes no body")
        return found

    def check_answer(self, route: Route, status: int, body: object) -> None:
        """Raises ContractBroken when the model does not allow this answer."""
        if str(status) not in route.spec["responses"]:
            raise ContractBroken(f"{route.name} has no status {status}")
        validator = route.schemas.get(str(status))
        if validator is None:
            return
        errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]
        if errors:
            raise ContractBroken(f"{route.name} {status}: {'; '.join(errors[:5])}")


def _schemas(spec: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = [("body", p["schema"]) for p in spec.get("parameters", []) if p.get("in") == "body"]
    return found + [(code, answer["schema"]) for code, answer in spec["responses"].items() if "schema" in answer]


def _absolute(schema: Any) -> Any:
    """References into the registered document."""
    if isinstance(schema, dict):
        return {
            key: f"urn:model{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
            if key not in ("example", "examples", "description")
        }
    return [_absolute(value) for value in schema] if isinstance(schema, list) else schema


def _strict(schema: Any) -> Any:
    """The schema with no properties but the declared ones."""
    schema = copy.deepcopy(schema)
    stack = [schema]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            if isinstance(one.get("properties"), dict) and "allOf" not in one:
                one.setdefault("additionalProperties", False)
            stack += one.values()
    return schema


def _parameter_problems(declared: dict[str, Any], text: str) -> list[str]:
    name, kind = declared["name"], declared["type"]
    values = text.split(",") if kind == "array" else [text]
    item = declared["items"] if kind == "array" else declared
    found = []
    if kind == "array" and not declared.get("minItems", 0) <= len(values) <= declared.get("maxItems", 10**6):
        found.append(f"{name}: {len(values)} values are too few or too many")
    for value in values:
        if item["type"] == "integer":
            if not value.isdigit() or not item.get("minimum", 0) <= int(value) <= item.get("maximum", 10**9):
                found.append(f"{name}: {value!r} is no number in range")
        elif item["type"] == "boolean" and value not in ("true", "false"):
            found.append(f"{name}: {value!r} is neither true nor false")
        elif "enum" in item and value not in item["enum"]:
            found.append(f"{name}: {value!r} is none of {item['enum']}")
        elif item.get("format") == "date-time":
            try:
                if datetime.fromisoformat(value).tzinfo is None:
                    found.append(f"{name}: {value!r} has no offset")
            except ValueError:
                found.append(f"{name}: {value!r} is no time")
    return found
