"""Times as they are shown: a zone's letters name that zone alone, or its offset is shown."""

from __future__ import annotations

import pytest

from ordertui.orders.clock import parse_iso, time_of, to_local, zone_letters
from ordertui.orders.marketplace import MARKETPLACES, zone_of

WINTER, SUMMER = parse_iso("2026-01-15T12:00:00Z"), parse_iso("2026-07-15T12:00:00Z")


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/Los_Angeles", ("PST", "PDT")),
        ("Europe/Paris", ("CET", "CEST")),
        ("Europe/Dublin", ("GMT", "UTC+1")),
        ("America/Mexico_City", ("UTC-6", "UTC-6")),
        ("America/Sao_Paulo", ("UTC-3", "UTC-3")),
        ("Asia/Kolkata", ("UTC+5:30", "UTC+5:30")),
        ("America/St_Johns", ("NST", "NDT")),
        ("UTC", ("UTC", "UTC")),
    ],
)
def test_letters_or_the_offset(zone: str, shown: tuple[str, str]) -> None:
    assert tuple(zone_letters(to_local(at, zone)) for at in (WINTER, SUMMER)) == shown


def test_no_letters_of_two_offsets_are_shown() -> None:
    """Over all marketplaces and China, in winter and in summer."""
    offsets: dict[str, set[object]] = {}
    for zone in ("Asia/Shanghai", *map(zone_of, MARKETPLACES)):
        for at in (WINTER, SUMMER):
            moment = to_local(at, zone)
            offsets.setdefault(zone_letters(moment), set()).add(moment.utcoffset())
    assert {letters for letters, found in offsets.items() if len(found) > 1} == set()
    assert time_of(WINTER, SUMMER, "America/Mexico_City") == "2026-01-15 06:00 UTC-6"
