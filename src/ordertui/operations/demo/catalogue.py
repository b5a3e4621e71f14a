"""What the practice session sells. Invented; prices are in minor units of dollars, other currencies by `RATES`."""

from __future__ import annotations

import msgspec


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
