"""The made-up orders behind the example reports: one list of cases, told in each marketplace's goods, plus shipped
orders around them.

Nothing here is real: order ids begin with a country's dial code and zeros, buyers are named as invented.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class ExampleProduct(msgspec.Struct, frozen=True):
    """Something for sale; `price` in the currency's minor units."""

    sku: str
    title: str
    price: int
    asin: str


class ExampleLine(msgspec.Struct, frozen=True):
    """One order line. `promo` is taken off the price, all amounts in minor units."""

    product: ExampleProduct
    quantity: int = 1
    shipped: int = 0
    gift: int = 0
    promo: int = 0
    asked: str = ""
    cancelled: bool = False


class ExampleOrder(msgspec.Struct, frozen=True):
    """One order, `age` hours old at the download. `ship_by` is in hours from the download; negative is past."""

    number: int
    age: float
    status: str
    lines: tuple[ExampleLine, ...]
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


class ExampleMarket(msgspec.Struct, frozen=True):
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
    shipped: int
    """How many shipped orders stand around the cases."""
    hours_apart: float
    products: tuple[ExampleProduct, ...]


def cases(market: ExampleMarket, near_auto_cancel: float) -> Iterator[ExampleOrder]:
    """Yield every case of the rules. The first product is the one that is sold out.

    `near_auto_cancel` is the ship-by time, in hours from the download, of the order that Amazon cancels soonest.
    """
    gone, second, third, fourth, fifth = market.products[:5]
    unit = 10**market.decimals
    asked = market.asked
    yield ExampleOrder(1, 20, "Unshipped", (ExampleLine(gone, asked=asked),), 28, new=True)
    yield ExampleOrder(2, 19, "Unshipped", (ExampleLine(gone),), 29, new=True)
    yield ExampleOrder(3, 18, "Unshipped", (ExampleLine(gone, 2, gift=4 * unit), ExampleLine(second)), 30, new=True)
    yield ExampleOrder(4, 30, "Unshipped", (ExampleLine(gone),), 6, new=True)
    yield ExampleOrder(5, 44, "PartiallyShipped", (ExampleLine(gone, 3, shipped=1),), 5, new=True)
    yield ExampleOrder(6, 2, "Pending", (ExampleLine(gone),))
    yield ExampleOrder(7, 9, "Unshipped", (ExampleLine(gone),), 40, fba=True)
    yield ExampleOrder(8, 38 - near_auto_cancel, "Unshipped", (ExampleLine(third),), near_auto_cancel)
    yield ExampleOrder(9, 76, "Unshipped", (ExampleLine(second, promo=2 * unit),), -27, new=True)
    yield ExampleOrder(
        10, 26, "Unshipped", (ExampleLine(msgspec.structs.replace(third, price=0)),), 22, replacement=True, new=True
    )
    yield ExampleOrder(11, 40, "Shipped", (ExampleLine(fourth, shipped=1),), 8, new=True)
    yield ExampleOrder(
        12,
        62,
        "Shipped",
        (ExampleLine(second, 2, 2, gift=3 * unit), ExampleLine(third, 1, 1, promo=unit)),
        -14,
        new=True,
    )
    yield ExampleOrder(13, 16, "Unshipped", (ExampleLine(third, 5),), 32, business=True, new=True)
    yield ExampleOrder(14, 6, "Unshipped", (ExampleLine(fourth),), 18, prime=True, new=True)
    yield ExampleOrder(15, 50, "Cancelled", (ExampleLine(second, cancelled=True),), impacts="Yes")
    yield ExampleOrder(16, 56, "Cancelled", (ExampleLine(fourth, cancelled=True),), impacts="No")
    yield ExampleOrder(17, 330, "Cancelled", (ExampleLine(third, cancelled=True),))
    yield ExampleOrder(18, 14, "Unshipped", (ExampleLine(second), ExampleLine(third, asked=asked)), 34, new=True)
    yield ExampleOrder(19, 12, "Unshipped", (ExampleLine(fifth),), 36, new=True)
    yield ExampleOrder(20, 33, "Shipped", (ExampleLine(second, shipped=1),), outside=True)
    yield ExampleOrder(21, 170, "Shipped", (ExampleLine(second, shipped=1), ExampleLine(third, cancelled=True)), -122)
    yield ExampleOrder(22, 90, "Unfulfillable", (ExampleLine(third),))
    yield ExampleOrder(23, 13, "Unshipped", (ExampleLine(gone, asked=asked),), 35, new=True)


def orders(market: ExampleMarket, near_auto_cancel: float) -> list[ExampleOrder]:
    """Return the cases, and shipped orders of the days before; every eighth of them is shipped by Amazon."""
    found = list(cases(market, near_auto_cancel))
    for n in range(market.shipped):
        product = market.products[1 + n % (len(market.products) - 1)]
        quantity = 1 + (n % 5 == 0)
        age = 22 + n * market.hours_apart
        found.append(
            ExampleOrder(101 + n, age, "Shipped", (ExampleLine(product, quantity, quantity),), 24 - age, fba=n % 8 == 7)
        )
    return found


US = ExampleMarket(
    code="US", prefix="001", channel="Amazon.com", currency="USD", decimals=2, tax_percent=8, encoding="utf-8",
    offset="+00:00", buyer=("Invented Buyer", "Nowhere Street", "Exampletown", "ZZ"),
    asked="Found cheaper somewhere else.",
    shipped=126, hours_apart=0.95,
    products=(
        ExampleProduct("MUG-BLUE", "Enamel Camping Mug, 12 oz, Speckled Blue, Dishwasher Safe", 1499, "B0EXAMPL01"),
        ExampleProduct("TRAY-OAK", "Oak Serving Tray with Handles, 16 x 12 in", 3250, "B0EXAMPL02"),
        ExampleProduct("LAMP-CLIP", "Clip-On Reading Lamp, USB-C, Warm White", 1899, "B0EXAMPL03"),
        ExampleProduct("00123", "Jigsaw Puzzle 1000 Pieces, Harbor at Dawn", 2100, "B0EXAMPL04"),
        ExampleProduct("1E5", 'Cable Box "Tidy", 12" wide, 2-Pack', 1725, "B0EXAMPL05"),
        ExampleProduct("SOCK-3P", "Merino Hiking Socks, 3 Pairs, Size 9-11", 2799, "B0EXAMPL06"),
    ),
)  # fmt: skip
DE = ExampleMarket(
    code="DE", prefix="049", channel="Amazon.de", currency="EUR", decimals=2, tax_percent=0, encoding="cp1252",
    offset="+01:00", buyer=("Erfundene Käuferin", "Nirgendstraße", "Musterstädt", "Beispielgäu"),
    asked="Günstiger gefunden", shipped=46, hours_apart=2.6,
    products=(
        ExampleProduct("TASSE-GRÜN", "Emaille-Becher für Draußen, 350 ml, grün", 1290, "B0EXAMPL11"),
        ExampleProduct("BRETT-L", "Schneidebrett aus Nußholz, geölt, 40 × 28 cm", 3495, "B0EXAMPL12"),
        ExampleProduct("LEUCHTE-1", "Klemmleuchte fürs Bücherregal, warmweiß", 1999, "B0EXAMPL13"),
        ExampleProduct("00047", "Puzzle „Fähre am Morgen“, 1000 Teile", 1650, "B0EXAMPL14"),
        ExampleProduct("2E10", "Kabelbox – schön aufgeräumt, 30 cm", 1745, "B0EXAMPL15"),
        ExampleProduct("SOCKE-3", "Wandersocken, 3 Paar, Größe 42–44", 2490, "B0EXAMPL16"),
    ),
)  # fmt: skip
JP = ExampleMarket(
    code="JP", prefix="081", channel="Amazon.co.jp", currency="JPY", decimals=0, tax_percent=10, encoding="cp932",
    offset="+09:00", buyer=("架空 花子", "どこにもない通り", "架空市", "架空県"), asked="他で安く見つけたため",
    shipped=34, hours_apart=3.5,
    products=(
        ExampleProduct("MAG-AO", "ホーロー マグカップ 350ml アウトドア用 青 食洗機対応", 1680, "B0EXAMPL21"),
        ExampleProduct("BON-OAK", "木製トレー 取っ手付き オーク材 40×30cm", 3980, "B0EXAMPL22"),
        ExampleProduct("LAMP-CL", "クリップ式 読書灯 USB充電 電球色", 2480, "B0EXAMPL23"),
        ExampleProduct("00088", "ジグソーパズル 1000ピース 夜明けの港", 2200, "B0EXAMPL24"),
        ExampleProduct("3E2", "ケーブルボックス 2個セット 幅30cm", 1980, "B0EXAMPL25"),
        ExampleProduct("KUTSU-3", "登山用 靴下 3足組 25～27cm", 2750, "B0EXAMPL26"),
    ),
)  # fmt: skip
IN = ExampleMarket(
    code="IN", prefix="091", channel="Amazon.in", currency="INR", decimals=2, tax_percent=18, encoding="utf-8",
    offset="+05:30", buyer=("Invented Grahak", "Nowhere Marg", "Udaharanpur", "Kalpanik Pradesh"),
    asked="Ordered by mistake", shipped=58, hours_apart=2.2,
    products=(
        ExampleProduct("TUMBLER-S", "Stainless Steel Tumbler Set of 6, 300 ml", 64900, "B0EXAMPL31"),
        ExampleProduct("TAWA-28", "Cast Iron Dosa Tawa, 28 cm, Pre-Seasoned", 149900, "B0EXAMPL32"),
        ExampleProduct("LAMP-LED", "Rechargeable LED Desk Lamp, 3 Modes", 79900, "B0EXAMPL33"),
        ExampleProduct("00911", "Block-Print Cotton Bedsheet, King, Indigo", 119900, "B0EXAMPL34"),
        ExampleProduct("4E4", "Spice Box (Masala Dabba), 7 Bowls", 89900, "B0EXAMPL35"),
        ExampleProduct("DIYA-12", "Terracotta Diyas, Pack of 12", 24900, "B0EXAMPL36"),
    ),
)  # fmt: skip
MARKETS = (US, DE, JP, IN)
