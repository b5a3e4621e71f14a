"""Order ids out of whatever was pasted."""

from __future__ import annotations

import re

_ORDER_ID = re.compile(r"(?<!\d)\d{3}-\d{7}-\d{7}(?!\d)")


def order_ids(text: str) -> list[str]:
    """Amazon's order ids in the text, in order, each once."""
    return list(dict.fromkeys(_ORDER_ID.findall(text)))
