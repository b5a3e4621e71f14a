"""The practice store, built once, and a fresh copy for each picture: fixed clock, no home, no machine's path on the screen."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from shopkit import NOW, all_orders_row, bring, unshipped_row

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

TITLES = (
    "有機緑茶 ティーバッグ 50個入り",
    "ステンレスボトル 0.7 L",
    "手ぬぐい「青海波」",
    "プレゼント🎁セット",
    "ﾊﾝｶｸ ケーブル 2m",
)


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "practice"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        build_practice(Path("practice"), orders=1500, now=NOW)
    return folder


def _open(folder: str) -> Session:
    return Session.open(Path(folder) / "orders.db", clock=FixedClock(NOW), config=Config(shop_name="my-shop"))


@pytest.fixture
def shop(practice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(practice, "practice")
    Path("practice/practice.db").rename("practice/orders.db")
    with _open("practice") as found:
        yield found


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    with _open(".") as found:
        yield found


@pytest.fixture
def japan(empty: Session, tmp_path: Path) -> Session:
    rows = [
        all_orders_row(n, market="JP", age=n * 7000, product_name=TITLES[n % len(TITLES)], item_price=str(980 * n))
        for n in range(1, 31)
    ]
    asked = [
        unshipped_row(n, "true" if n % 4 == 0 else "false", market="JP", product_name=TITLES[n % len(TITLES)])
        for n in range(1, 31)
    ]
    bring(empty, tmp_path, everything=rows, open_=asked)
    return empty
