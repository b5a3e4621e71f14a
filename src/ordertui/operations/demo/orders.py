"""The goods and the made-up orders of one marketplace: every situation the rules know, as in a seller's month."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from ordertui.orders.clock import DAY, HOUR
from ordertui.rules.policy.policy import Policy
from ordertui.rules.rate import window


class CatalogueItem(msgspec.Struct, frozen=True):
    """One product of a catalogue."""

    sku: str
    title: str
    price: int
    """Minor units."""
    asin: str


_ENGLISH = (
    ("BTL-SS-750-BLU", "Insulated Stainless Steel Water Bottle, 25 oz, Leakproof Lid, Midnight Blue", 2495),
    ("BTL-SS-750-WHT", "Insulated Stainless Steel Water Bottle, 25 oz, Leakproof Lid, White", 2495),
    ("MUG-EN-12", "Enamel Camping Mug, 12 oz, Speckled Blue", 1499),
    ("BRD-BMB-L",
     "Bamboo Cutting Board with Juice Groove, Large (17.5 x 12 in), Kitchen Chopping Board for Meat,"
     " Cheese and Vegetables", 2899),
    ("LMP-CLIP-USB", "Clip-On Reading Lamp, USB-C Rechargeable, 3 Color Modes", 1899),
    ("LMP-DESK-01", "LED Desk Lamp with Wireless Charger, 5 Brightness Levels, Foldable, Black", 4599),
    ("YGA-MAT-6", "Yoga Mat, 6 mm Thick, Non-Slip, with Carry Strap", 3299),
    ("USB-C-2M-2PK", "USB-C to USB-C Cable, 6.6 ft, 100 W, Braided, 2-Pack", 1299),
    ("USB-HUB-7", "7-in-1 USB-C Hub, 4K HDMI, SD/TF Reader, 100 W Pass-Through", 3199),
    ("TEA-STR-2", "Tea Strainer, Stainless Steel, Extra Fine Mesh, Set of 2", 1150),
    ("SCK-MER-3P-M", "Merino Wool Hiking Socks, Cushioned, 3 Pairs, Medium", 2799),
    ("SCK-MER-3P-L", "Merino Wool Hiking Socks, Cushioned, 3 Pairs, Large", 2799),
    ("GLV-GRD-M", "Gardening Gloves, Thorn Proof, Breathable, Medium", 1699),
    ("PZL-1000-HRB", "Jigsaw Puzzle 1000 Pieces, Harbor at Dawn, with Poster", 2100),
    ("BX-CBL-2", "Cable Management Box, Set of 2, Hides Power Strips, Wood Look Lid", 3450),
    ("TOW-MF-6", "Microfiber Cleaning Cloths, 16 x 16 in, Lint Free, 6-Pack", 1199),
    ("TRY-OAK-16", "Oak Serving Tray with Handles, 16 x 12 in", 3250),
    ("KNF-PAR-4", "Paring Knife, 4 in, High Carbon Steel", 1550),
    ("SHR-KIT", "Kitchen Shears, Heavy Duty, Dishwasher Safe, Come-Apart Blades", 1699),
    ("BAG-DRY-20",
     "Dry Bag 20 L, Roll Top, Waterproof, with Phone Pouch, for Kayaking, Rafting, Boating and"
     " Camping", 2199),
    ("CUP-MEAS-8", "Measuring Cups and Spoons, Set of 8, Stackable", 1849),
    ("PHN-STD-ALU", "Adjustable Phone Stand, Aluminum, Foldable, Silver", 1399),
    ("MSE-VERT-BT",
     "Ergonomic Vertical Mouse, Bluetooth and 2.4 GHz, Silent Click, 6 Buttons, Rechargeable, for"
     " Right Hand", 2999),
    ("KBD-WRST", "Memory Foam Wrist Rest Set for Keyboard and Mouse", 1999),
    ("PLT-POT-6", "Self-Watering Plant Pots, 6 in, 4-Pack, Indoor", 2349),
    ("BRD-FEED-W", "Window Bird Feeder, Clear Acrylic, Strong Suction Cups", 2599),
    ("DOG-LEAD-10", "Dog Leash, 10 ft, Reflective, Padded Handle", 1599),
    ("CAT-BRSH", "Self-Cleaning Slicker Brush for Cats and Dogs", 1799),
    ("BOOK-ENDS-2", "Metal Bookends, Heavy Duty, Non-Skid, 1 Pair", 1599),
    ("CLK-WALL-12", "Silent Wall Clock, 12 in, Non-Ticking, Large Numbers", 2399),
    ("HNG-VEL-50", "Velvet Hangers, Space Saving, 50-Pack, Gray", 3499),
    ("SCL-KIT-11", "Digital Kitchen Scale, 11 lb / 0.1 oz, Tempered Glass", 1699),
    ("BLK-CURT-84",
     "Blackout Curtains, 52 x 84 in, Thermal Insulated, 2 Panels, Grommet Top, for Bedroom and"
     " Living Room, Dark Gray", 3899),
    ("TOOL-SCR-57", "Precision Screwdriver Set, 57 in 1, Magnetic", 2699),
)  # fmt: skip
_GERMAN = (
    ("TRINK-750-BL", "Trinkflasche Edelstahl 750 ml, auslaufsicher, isoliert, nachtblau", 2495),
    ("BRETT-NUSS-L", "Schneidebrett aus Nussholz, geölt, mit Saftrille, 40 × 28 cm", 3495),
    ("LEUCHTE-KL", "Klemmleuchte, über USB-C aufladbar, 3 Lichtfarben, für Bücherregal und Bett", 1999),
    ("YOGA-6MM", "Yogamatte rutschfest, 6 mm, mit Tragegurt, 183 × 61 cm", 3299),
    ("KABEL-C-2M", "USB-C-Kabel 2 m, 100 W, geflochten, 2 Stück", 1299),
    ("SOCKE-MER-3", "Wandersocken aus Merinowolle, 3 Paar, Größe 42–44", 2699),
    ("HANDSCH-M", "Gartenhandschuhe, dornensicher, Größe M", 1599),
    ("PUZZLE-HAFEN", "Puzzle 1000 Teile, Fähre am Morgen", 1650),
    ("KABELBOX-2",
     "Kabelbox, 2 Stück, versteckt Steckdosenleisten, mit Holzdeckel, groß und klein, für Büro und"
     " Wohnzimmer", 3290),
    ("TEESIEB-2", "Teesieb aus Edelstahl, extra fein, 2 Stück", 1090),
    ("MESSBECHER-4", "Messbecher-Set, 4-teilig, stapelbar", 1749),
    ("UHR-30", "Wanduhr ohne Tickgeräusche, 30 cm, große Ziffern", 2290),
)  # fmt: skip
_JAPANESE = (
    ("BTL-750-KON", "真空断熱 水筒 750ml ステンレス 漏れない 紺", 2480),
    ("MUG-HORO", "ホーロー マグカップ 350ml アウトドア キャンプ 食洗機対応", 1680),
    ("LAMP-CLIP", "クリップライト 読書灯 USB充電式 3段階調色 ベッド 本棚 デスク用", 2280),
    ("YOGA-6", "ヨガマット 6mm 滑り止め 収納ベルト付き 183×61cm", 2980),
    ("CABLE-C2", "USB-Cケーブル 2m 100W 急速充電 ナイロン編み 2本セット", 1290),
    ("KUTSU-3", "メリノウール 登山用 靴下 3足組 25～27cm", 2750),
    ("PZL-1000", "ジグソーパズル 1000ピース 夜明けの港", 2200),
    ("BOX-CABLE", "ケーブルボックス 2個セット 電源タップ収納 木目調", 3180),
    ("CHAKOSHI", "茶こし ステンレス 極細メッシュ 2個組", 980),
    ("TOKEI-30", "掛け時計 静音 30cm 見やすい大きな文字盤 連続秒針", 2380),
    ("SEIRI-50", "すべらないハンガー 50本セット 省スペース グレー", 3280),
)  # fmt: skip
_CATALOGUES = {"US": _ENGLISH, "UK": _ENGLISH[2:26], "CA": _ENGLISH[:20], "DE": _GERMAN, "JP": _JAPANESE}
MARKETS = (("US", 62), ("UK", 14), ("DE", 12), ("JP", 8), ("CA", 4))
"""Marketplace and its share of the orders in percent."""


def catalogue(code: str) -> tuple[CatalogueItem, ...]:
    """Return the products sold in a marketplace, most wanted first."""
    return tuple(
        CatalogueItem(sku, title, price, f"B0PR{code}{number:04d}")
        for number, (sku, title, price) in enumerate(_CATALOGUES[code])
    )


MONTH = 30 * DAY
_ONE_UNLISTED_OF = 8
"""Of earlier cancellations that do not count, one in so many is in no report: nobody knows who cancelled."""
ASKED = ("Found it cheaper", "Ordered by mistake", "No longer needed", "Delivery takes too long", "Wrong size", "")


class MadeLine(msgspec.Struct):
    """One line of a made-up order; amounts in minor units for the whole quantity."""

    goods: CatalogueItem
    quantity: int
    shipped: int = 0
    promotion: int = 0
    gift_wrap: int = 0
    shipping: int = 0
    asked: str | None = None
    """The buyer's words in a request on Amazon to cancel this line; None without one."""


class MadeOrder(msgspec.Struct):
    """One made-up order, by Amazon's words."""

    order_id: str
    placed: int
    ship_by: int
    status: str
    lines: list[MadeLine] = msgspec.field(default_factory=list)
    fba: bool = False
    business: bool = False
    prime: bool = False
    replacement: bool = False
    impacts: str = ""
    """The Cancellation Rate report's word for a cancelled order; empty: not listed."""

    @property
    def waiting(self) -> bool:
        """Whether the Unshipped report has it."""
        return not self.fba and self.status in ("Unshipped", "PartiallyShipped")


def draw(
    code: str, count: int, goods: Sequence[CatalogueItem], policy: Policy, until: int, rng: random.Random
) -> list[MadeOrder]:
    """`count` orders placed in the month before `until` (epoch seconds), newest last."""
    first = rng.randrange(2, 10)
    orders = [_order(code, first, number, goods, until, rng) for number in range(count)]
    orders.sort(key=lambda order: order.placed)
    _late(orders, until, rng)
    _about_to_be_cancelled(orders, policy, until, rng)
    _cancelled(orders, policy, until, rng)
    return orders


def _order(
    code: str, first: int, number: int, goods: Sequence[CatalogueItem], until: int, rng: random.Random
) -> MadeOrder:
    placed = until - 20 * 60 - int(rng.random() ** 1.3 * (MONTH - HOUR))
    prefix = {"US": 110, "CA": 700, "UK": 200, "DE": 300, "JP": 500}[code] + first
    order = MadeOrder(
        order_id=f"{prefix}-{rng.randrange(10**7):07d}-{number * 7919 % 10**7:07d}",
        placed=placed,
        ship_by=placed + 2 * DAY,
        status="Shipped",
        fba=rng.random() < 0.12,
        business=rng.random() < 0.07,
        prime=rng.random() < 0.05,
        replacement=rng.random() < 0.006,
    )
    age = until - placed
    chance = rng.random()
    if age < 20 * HOUR and chance < 0.06:
        order.status = "Pending"
    elif age < 42 * HOUR and chance < 0.86:
        order.status = "Unshipped"
    elif age < 60 * HOUR and chance < 0.92:
        order.status = "PartiallyShipped" if rng.random() < 0.12 else "Shipped"
    wanted = [int(rng.random() ** 2 * len(goods)) for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 2, 3)))]
    order.lines = [_line(goods[at], order, rng) for at in dict.fromkeys(wanted)]
    if order.waiting and not order.replacement and rng.random() < 0.07:
        rng.choice(order.lines).asked = rng.choice(ASKED)
    return order


def _line(goods: CatalogueItem, order: MadeOrder, rng: random.Random) -> MadeLine:
    line = MadeLine(goods, rng.choice((1, 1, 1, 1, 2, 2, 3)))
    if order.replacement:
        line.goods = CatalogueItem(goods.sku, goods.title, 0, goods.asin)
        return line
    worth = goods.price * line.quantity
    if rng.random() < 0.1:
        line.promotion = worth // 10
    if rng.random() < 0.03:
        line.gift_wrap = goods.price // 10
    if rng.random() < 0.3:
        line.shipping = goods.price // 5
    if order.status == "PartiallyShipped":
        line.quantity += 1
        line.shipped = line.quantity - 1
    elif order.status == "Shipped":
        line.shipped = line.quantity
    return line


def _sample(orders: Sequence[MadeOrder], wanted: int, rng: random.Random) -> list[MadeOrder]:
    return rng.sample(orders, min(wanted, len(orders)))


def _reopen(order: MadeOrder) -> None:
    order.status = "Unshipped"
    for line in order.lines:
        line.shipped = 0


def _late(orders: Sequence[MadeOrder], until: int, rng: random.Random) -> None:
    """Make some orders of the last days late."""
    shipped = [o for o in orders if not o.fba and o.status == "Shipped" and 2 * DAY < until - o.placed < 5 * DAY]
    for order in _sample(shipped, max(2, len(orders) // 250), rng):
        _reopen(order)
        order.ship_by = until - rng.randrange(HOUR, 40 * HOUR)


def _about_to_be_cancelled(orders: Sequence[MadeOrder], policy: Policy, until: int, rng: random.Random) -> None:
    """Make a few orders so late that Amazon cancels them within a day, by the policy in force."""
    near = [
        ship_by
        for ship_by in range(until - 28 * DAY, until, HOUR)
        if until + 4 * HOUR < (policy.auto_cancel_at(ship_by) or 0) < until + 22 * HOUR
    ]
    old = [
        o for o in orders if not o.fba and o.status == "Shipped" and until - o.placed > 9 * DAY and not o.replacement
    ]
    for order in _sample(old, max(1, len(orders) // 500), rng) if near else ():
        _reopen(order)
        order.ship_by = rng.choice(near)
        order.placed = order.ship_by - 2 * DAY


def _cancelled(orders: Sequence[MadeOrder], policy: Policy, until: int, rng: random.Random) -> None:
    """Cancel orders of the month. Those of the window that count come near the policy's target."""
    start, _ = window(until, min(policy.values.rate_days), policy.zone)
    mine = [o for o in orders if not o.fba]
    inside = [o for o in mine if o.placed >= start]
    before = [o for o in mine if o.placed < start and o.status == "Shipped"]
    limit = policy.values.rate_target * (1 + policy.values.near) / 2  # between near and the target
    counted = max(0, int(limit * len(inside)))
    shipped = [o for o in inside if o.status == "Shipped"]
    sellers = _sample(shipped, counted, rng)
    sellers_before = _sample(before, int(Fraction(len(before)) * policy.values.rate_target * policy.values.near), rng)
    buyers = _sample(shipped, max(1, len(inside) // 60), rng)
    others_before = _sample(before, len(before) // 50, rng)
    unlisted = others_before[::_ONE_UNLISTED_OF]
    groups = ((sellers, "Yes"), (sellers_before, "Yes"), (buyers, "No"), (unlisted, ""), (others_before, "No"))
    for group, impacts in groups:
        for order in group:
            if order.status == "Shipped":
                _reopen(order)
                order.status, order.impacts = "Cancelled", impacts
