"""An Amazon that pays every refund and takes every cancellation it accepts, whoever sent it, and however often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ordertui.orders.money import parse_minor
from ordertui.orders.order import COMPONENTS

_COLUMNS = dict(
    zip(
        COMPONENTS,
        (
            "item-price-adj",
            "item-tax-adj",
            "shipping-price-adj",
            "shipping-tax-adj",
            "gift-wrap-price-adj",
            "gift-wrap-tax-adj",
            "item-promotion-adj",
            "ship-promotion-adj",
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Message:
    """One data row of a feed file."""

    order_id: str
    item_id: str
    amounts: tuple[int, ...] = ()
    """Minor units by COMPONENTS; empty for a cancellation."""


@dataclass(slots=True)
class Processed:
    """What became of one uploaded file."""

    messages: list[Message]
    failed: set[int]
    """Records, from 1, that Amazon refused and did not do."""
    done: int
    """Records that Amazon looked at before it stopped."""


@dataclass(slots=True)
class FakeAmazon:
    """What really happened, by order and item."""

    paid_back: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    cancelled: Counter[str] = field(default_factory=Counter)
    """Accepted cancellations of each order; Amazon itself would do a second one again."""

    def upload(self, content: bytes, fails: Callable[[Message], bool], most: int | None = None) -> Processed:
        """Process a flat feed file: do each record but those that fail, and stop after `most` records."""
        messages = parse(content)
        done = len(messages) if most is None else min(most, len(messages))
        failed = {number for number, message in enumerate(messages[:done], start=1) if fails(message)}
        cancels = {m.order_id for n, m in enumerate(messages[:done], start=1) if not m.amounts and n not in failed}
        self.cancelled.update(cancels)
        for number, message in enumerate(messages[:done], start=1):
            if message.amounts and number not in failed:
                sums = self.paid_back.setdefault((message.order_id, message.item_id), Counter())
                sums.update(dict(zip(COMPONENTS, message.amounts, strict=True)))
        return Processed(messages, failed, done)


def parse(content: bytes) -> list[Message]:
    """The messages of a cancellation or adjustment file."""
    lines = [line.split("\t") for line in content.decode("utf-8").split("\r\n") if line]
    if lines[0][0].startswith("TemplateType"):
        return [Message(cells[0], cells[2]) for cells in lines[2:]]
    out = []
    for cells in lines[1:]:
        row = dict(zip(lines[0], cells, strict=True))
        amounts = [parse_minor(text, row["currency"]) if (text := row.get(name)) else 0 for name in _COLUMNS.values()]
        out.append(Message(row["order-id"], row["order-item-id"], tuple(map(abs, amounts))))
    return out


def report(
    messages: Sequence[Message], failed: set[int], processed: int | None = None, successful: int | None = None
) -> bytes:
    """A flat processing report; the counts as they are unless given."""
    errors = [(number, messages[number - 1].order_id, messages[number - 1].item_id) for number in sorted(failed)]
    return flat_report(len(messages) if processed is None else processed, errors, successful)


def flat_report(processed: int, errors: Sequence[tuple[int, str, str]] = (), successful: int | None = None) -> bytes:
    """A flat processing report of so many records, with errors by number, order and item."""
    good = processed - len(errors) if successful is None else successful
    lines = [
        "Feed Processing Summary:",
        f"\tNumber of records processed\t\t{processed}",
        f"\tNumber of records successful\t\t{good}",
        "",
        "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message",
        *(f"{number}\t{order}\t{item}\t18028\tError\tnot taken" for number, order, item in errors),
    ]
    return ("\n".join(lines) + "\n").encode()


def write_report(
    path: Path, processed: int, errors: Sequence[tuple[int, str, str]] = (), successful: int | None = None
) -> Path:
    """Write such a report; gives its path."""
    path.write_bytes(flat_report(processed, errors, successful))
    return path
