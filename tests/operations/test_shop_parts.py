"""The session is put together from parts; each part names what it asks of the others."""

import inspect
from types import CodeType, FunctionType

from ordertui.operations.session import Session


def code_of(found: object) -> CodeType | None:
    """The code behind a method, a property, or a property that is kept."""
    inner = getattr(found, "fget", None) or getattr(found, "func", None) or getattr(found, "__func__", None) or found
    return inner.__code__ if isinstance(inner, FunctionType) else None


def test_no_part_hides_what_another_part_has() -> None:
    found = {name: code_of(inspect.getattr_static(Session, name)) for name in dir(Session)}
    hidden = [name for name, code in found.items() if code is not None and code.co_names == ("NotImplementedError",)]
    assert hidden == []
    assert {"needs", "rotation", "rows", "count", "view", "policies", "_judge"} <= {n for n, c in found.items() if c}
