"""The made-up orders behind `examples/`: one list of cases, told in each marketplace's goods, plus shipped orders
around them.

Nothing here is real: order ids begin with a country's dial code and zeros, buyers are named as invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

AS_OF = "2026-11-23T14:05:00Z"
"""When the reports were downloaded; the clock of every example command."""
NEXT_DAY = "2026-11-24T09:00:00Z"
"""When the All Orders report by last update was downloaded."""


@dataclass(frozen=True)
class Thing:
    """Something for sale; `price` in the currency's minor units."""

    sku: str
    title: str
    price: int
    asin: str


@dataclass(frozen=True)
class Line:
    """One order line. `promo` is taken off the price, all amounts in minor units."""

    thing: Thing
    quantity: int = 1
    shipped: int = 0
    gift: int = 0
    promo: int = 0
    asked: str = ""
    cancelled: bool = False


@dataclass(frozen=True)
class Order:
    """One order, `age` hours old at AS_OF. `ship_by` is in hours from AS_OF; negative is past."""

    number: int
    age: float
    status: str
    lines: tuple[Line, ...]
    ship_by: float = 0.0
    fba: bool = False
    business: bool = False
    prime: bool = False
    replacement: bool = False
    new: bool = False
    """Whether the New orders report has it."""
    outside: bool = False
    """Sold outside Amazon, in the same report."""
    impacts: str = ""
    """The Cancellation Rate report's word; empty: not listed there."""


@dataclass(frozen=True)
class Market:
    """One marketplace's examples."""

    code: str
    prefix: str
    channel: str
    currency: str
    decimals: int
    tax_percent: int
    encoding: str
    offset: str
    buyer: tuple[str, str, str, str]
    """Name, street, city, region; plainly invented."""
    asked: str
    near_auto_cancel: float
    """Hours from AS_OF of a ship-by time whose automatic cancellation is less than a day away."""
    shipped: int
    """How many shipped orders stand around the cases."""
    hours_apart: float
    things: tuple[Thing, ...]


def cases(market: Market) -> Iterator[Order]:
    """Every case of the rules. The first thing on sale is the one that is sold out."""
    gone, second, third, fourth, fifth = market.things[:5]
    unit = 10**market.decimals
    asked = market.asked
    yield Order(1, 20, "Unshipped", (Line(gone, asked=asked),), 28, new=True)
    yield Order(2, 19, "Unshipped", (Line(gone),), 29, new=True)
    yield Order(3, 18, "Unshipped", (Line(gone, 2, gift=4 * unit), Line(second)), 30, new=True)
    yield Order(4, 30, "Unshipped", (Line(gone),), 6, new=True)
    yield Order(5, 44, "PartiallyShipped", (Line(gone, 3, shipped=1),), 5, new=True)
    yield Order(6, 2, "Pending", (Line(gone),))
    yield Order(7, 9, "Unshipped", (Line(gone),), 40, fba=True)
    yield Order(8, 300, "Unshipped", (Line(third),), market.near_auto_cancel)
    yield Order(9, 76, "Unshipped", (Line(second, promo=2 * unit),), -27, new=True)
    yield Order(10, 26, "Unshipped", (Line(replace(third, price=0)),), 22, replacement=True, new=True)
    yield Order(11, 40, "Shipped", (Line(fourth, shipped=1),), 8, new=True)
    yield Order(12, 62, "Shipped", (Line(second, 2, 2, gift=3 * unit), Line(third, 1, 1, promo=unit)), -14, new=True)
    yield Order(13, 16, "Unshipped", (Line(third, 5),), 32, business=True, new=True)
    yield Order(14, 6, "Unshipped", (Line(fourth),), 18, prime=True, new=True)
    yield Order(15, 50, "Cancelled", (Line(second, cancelled=True),), impacts="Yes")
    yield Order(16, 56, "Cancelled", (Line(fourth, cancelled=True),), impacts="No")
    yield Order(17, 330, "Cancelled", (Line(third, cancelled=True),))
    yield Order(18, 14, "Unshipped", (Line(second), Line(third, asked=asked)), 34, new=True)
    yield Order(19, 12, "Unshipped", (Line(fifth),), 36, new=True)
    yield Order(20, 33, "Shipped", (Line(second, shipped=1),), outside=True)
    yield Order(21, 170, "Shipped", (Line(second, shipped=1), Line(third, cancelled=True)), -122)
    yield Order(22, 90, "Unfulfillable", (Line(third),))
    yield Order(23, 13, "Unshipped", (Line(gone, asked=asked),), 35, new=True)


def orders(market: Market) -> list[Order]:
    """Return the cases, and shipped orders of the days before; every eighth of them is shipped by Amazon."""
    found = list(cases(market))
    for n in range(market.shipped):
        thing = market.things[1 + n % (len(market.things) - 1)]
        quantity = 1 + (n % 5 == 0)
        age = 22 + n * market.hours_apart
        found.append(Order(101 + n, age, "Shipped", (Line(thing, quantity, quantity),), 24 - age, fba=n % 8 == 7))
    return found


US = Market(
    code="US", prefix="001", channel="Amazon.com", currency="USD", decimals=2, tax_percent=8, encoding="utf-8",
    offset="+00:00", buyer=("Invented Buyer", "Nowhere Street", "Exampletown", "ZZ"),
    asked="Found cheaper somewhere else.",
    near_auto_cancel=-262, shipped=126, hours_apart=0.95,
    things=(
        Thing("MUG-BLUE", "Enamel Camping Mug, 12 oz, Speckled Blue, Dishwasher Safe", 1499, "B0EXAMPL01"),
        Thing("TRAY-OAK", "Oak Serving Tray with Handles, 16 x 12 in", 3250, "B0EXAMPL02"),
        Thing("LAMP-CLIP", "Clip-On Reading Lamp, USB-C, Warm White", 1899, "B0EXAMPL03"),
        Thing("00123", "Jigsaw Puzzle 1000 Pieces, Harbor at Dawn", 2100, "B0EXAMPL04"),
        Thing("1E5", 'Cable Box "Tidy", 12" wide, 2-Pack', 1725, "B0EXAMPL05"),
        Thing("SOCK-3P", "Merino Hiking Socks, 3 Pairs, Size 9-11", 2799, "B0EXAMPL06"),
    ),
)  # fmt: skip
DE = Market(
    code="DE", prefix="049", channel="Amazon.de", currency="EUR", decimals=2, tax_percent=0, encoding="cp1252",
    offset="+01:00", buyer=("Erfundene Käuferin", "Nirgendstraße", "Musterstädt", "Beispielgäu"),
    asked="Günstiger gefunden", near_auto_cancel=-262, shipped=46, hours_apart=2.6,
    things=(
        Thing("TASSE-GRÜN", "Emaille-Becher für Draußen, 350 ml, grün", 1290, "B0EXAMPL11"),
        Thing("BRETT-L", "Schneidebrett aus Nußholz, geölt, 40 × 28 cm", 3495, "B0EXAMPL12"),
        Thing("LEUCHTE-1", "Klemmleuchte fürs Bücherregal, warmweiß", 1999, "B0EXAMPL13"),
        Thing("00047", "Puzzle „Fähre am Morgen“, 1000 Teile", 1650, "B0EXAMPL14"),
        Thing("2E10", "Kabelbox – schön aufgeräumt, 30 cm", 1745, "B0EXAMPL15"),
        Thing("SOCKE-3", "Wandersocken, 3 Paar, Größe 42–44", 2490, "B0EXAMPL16"),
    ),
)  # fmt: skip
JP = Market(
    code="JP", prefix="081", channel="Amazon.co.jp", currency="JPY", decimals=0, tax_percent=10, encoding="cp932",
    offset="+09:00", buyer=("架空 花子", "どこにもない通り", "架空市", "架空県"), asked="他で安く見つけたため",
    near_auto_cancel=-286, shipped=34, hours_apart=3.5,
    things=(
        Thing("MAG-AO", "ホーロー マグカップ 350ml アウトドア用 青 食洗機対応", 1680, "B0EXAMPL21"),
        Thing("BON-OAK", "木製トレー 取っ手付き オーク材 40×30cm", 3980, "B0EXAMPL22"),
        Thing("LAMP-CL", "クリップ式 読書灯 USB充電 電球色", 2480, "B0EXAMPL23"),
        Thing("00088", "ジグソーパズル 1000ピース 夜明けの港", 2200, "B0EXAMPL24"),
        Thing("3E2", "ケーブルボックス 2個セット 幅30cm", 1980, "B0EXAMPL25"),
        Thing("KUTSU-3", "登山用 靴下 3足組 25～27cm", 2750, "B0EXAMPL26"),
    ),
)  # fmt: skip
IN = Market(
    code="IN", prefix="091", channel="Amazon.in", currency="INR", decimals=2, tax_percent=18, encoding="utf-8",
    offset="+05:30", buyer=("Invented Grahak", "Nowhere Marg", "Udaharanpur", "Kalpanik Pradesh"),
    asked="Ordered by mistake", near_auto_cancel=-6, shipped=58, hours_apart=2.2,
    things=(
        Thing("TUMBLER-S", "Stainless Steel Tumbler Set of 6, 300 ml", 64900, "B0EXAMPL31"),
        Thing("TAWA-28", "Cast Iron Dosa Tawa, 28 cm, Pre-Seasoned", 149900, "B0EXAMPL32"),
        Thing("LAMP-LED", "Rechargeable LED Desk Lamp, 3 Modes", 79900, "B0EXAMPL33"),
        Thing("00911", "Block-Print Cotton Bedsheet, King, Indigo", 119900, "B0EXAMPL34"),
        Thing("4E4", "Spice Box (Masala Dabba), 7 Bowls", 89900, "B0EXAMPL35"),
        Thing("DIYA-12", "Terracotta Diyas, Pack of 12", 24900, "B0EXAMPL36"),
    ),
)  # fmt: skip
MARKETS = (US, DE, JP, IN)
