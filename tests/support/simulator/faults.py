"""The switchboard: what goes wrong, where, and how often."""

from __future__ import annotations

from collections import defaultdict

BEFORE = ("html503", "empty502", "error500", "drop", "hang", "throttle", "unauthorized", "forbidden")
"""Faults in which Amazon does nothing."""
AFTER = ("error500_after", "drop_after", "hang_after", "empty502_after", "html_body", "empty_object", "half_body")
"""Faults in which Amazon acts, and the caller does not hear of it as documented."""
FAULTS = (*BEFORE, *AFTER)


class Faults:
    """Faults by operation name; also `login`, `upload` and `download`."""

    def __init__(self) -> None:
        self._left: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def add(self, where: str, fault: str, times: int = 1) -> None:
        """Let the next `times` calls of an operation go wrong; a large number: all."""
        if fault not in FAULTS:
            raise ValueError(f"there is no fault {fault!r}; there are: {', '.join(FAULTS)}")
        self._left[where].append((fault, times))

    def next(self, where: str) -> str:
        """The fault of this call; empty when it goes well."""
        if not self._left[where]:
            return ""
        fault, times = self._left[where].pop(0)
        if times > 1:
            self._left[where].insert(0, (fault, times - 1))
        return fault

    def clear(self) -> None:
        """All goes well again."""
        self._left.clear()
