"""The catalogs: complete, with the fields of their messages, compiled, and used by every text of the screen."""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from gettext import GNUTranslations
from pathlib import Path

import make_messages
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ordertui
from ordertui.messages import (
    CHINESE,
    ENGLISH,
    JOINTS,
    LANGUAGES,
    _,
    choose_language,
    current_language,
    find_language,
    join_texts,
    ngettext,
    pgettext,
    translate,
    use,
)
from ordertui.messages.sentences import fields_of
from ordertui.operations.planning.tally import OrderTally
from ordertui.operations.planning.warnings import plan_warnings, prime_warnings
from ordertui.operations.rate.prime_rate import PrimeFigure, undecided_reason
from ordertui.orders.enums import Action, BuyerRequest
from ordertui.rules.policy.policy import load_policies
from support.languages import speaking
from support.walks import HALF_WIDTH

ROOT = Path(ordertui.__file__).parent
FIELD = re.compile(r"(?<!\{)\{(\w+)")


def compiled(language: str) -> dict[str, str]:
    """Read a .mo file by hand: message (with its context, and its plural) to text."""
    data = (ROOT / "messages" / f"{language}.mo").read_bytes()
    count, ids, texts = struct.unpack("<III", data[8:20])
    found = {}
    for number in range(count):
        (length, at), (size, place) = (struct.unpack_from("<II", data, start + 8 * number) for start in (ids, texts))
        found[data[at : at + length].decode()] = data[place : place + size].decode()
    return found


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != ENGLISH])
def test_every_message_has_a_translation(language: str) -> None:
    """Of calls, of registries such as that of the keys, and of the sentences of the layers below."""
    known = compiled(language)
    wanted = {
        ("" if context is None else f"{context}\4") + (text if isinstance(text, str) else "\0".join(text))
        for text, context in make_messages.extracted()
    }
    assert {"Mark", "key\4mark", "{n:,} order\0{n:,} orders", "column {0}: {1}"} <= wanted, "one of each kind"
    assert sorted(message for message in wanted if message and not known.get(message)) == [], "run `make messages`"


def test_the_sentences_are_those_of_the_source() -> None:
    text = (ROOT / "messages" / "sentences.txt").read_text(encoding="utf-8")
    assert text == make_messages.sentences_file(), "run `make messages`"


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != ENGLISH])
def test_translations_have_the_fields_of_their_messages(language: str) -> None:
    """A field that is missing would hide a number; one that is not in the message would break the screen."""
    wrong = []
    for message, text in compiled(language).items():
        source = message.rpartition("\4")[2]
        wanted, given = set(FIELD.findall(source.rpartition("\0")[2])), set(FIELD.findall(text))
        if source and (given - wanted or (wanted - given and not source.startswith("{0} of {1} orders"))):
            wrong.append((source, text))
        if source and (source[0] == "\n", source[-1] == "\n") != (text[0] == "\n", text[-1] == "\n"):
            wrong.append((source, text))
    assert wrong == []


AS_TYPED = re.compile("`[^`]*`|“[^”]*”|[{]0[}]:(?:1|[{]1[}])|://|(?<= )[.:](?= )|^[0-9][.] ")
"""What keeps its signs in a Chinese sentence: what is typed, quoted, the place in a file, keys, numbers of a list."""


def half_width_signs(text: str) -> list[str]:
    """Return the signs of a Chinese sentence that are written as in English. `! ` and `? ` are marks of the screen."""
    return HALF_WIDTH.findall(AS_TYPED.sub("", text)) if re.search("[㐀-鿿]", text) else []


def test_chinese_sentences_have_chinese_signs() -> None:
    found = {
        part: signs
        for text in compiled(CHINESE).values()
        for part in text.split("\n")
        if not part.startswith("Project-Id") and (signs := half_width_signs(part))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("低于 2.5 %, 没有余量", [", 没"]),
        ("批次 {batch}:{action}", ["}:"]),
        ("已写(请上传)", ["(", ")"]),
        ("提交人:{who}", [":"]),
        ("1. 用 : 或 `list, all`；SKU A, B ! 即将取消 !", []),
    ],
)
def test_signs_that_are_not_chinese_are_found(text: str, signs: list[str]) -> None:
    assert half_width_signs(text) == signs


def test_texts_are_joined_as_their_language_writes_it() -> None:
    assert join_texts(["a", "b"]) == "a, b"
    with speaking(CHINESE):
        assert [join_texts(["甲", "乙"], joint) for joint in JOINTS] == ["甲，乙", "甲；乙", "甲：乙"]


def test_the_compiled_catalog_is_that_of_the_source() -> None:
    pytest.importorskip("babel", reason="compiling needs Babel")
    for language in make_messages.CATALOGS:
        assert (make_messages.FOLDER / f"{language}.mo").read_bytes() == make_messages.compiled(language)


SHOWING = frozenset({"notify", "Static", "Content", "styled", "assemble", "update", "_say", "add_option", "Option"})
"""Calls that show their text."""
WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]* [^A-Za-z]*[A-Za-z]{2,}|^ ?[A-Z][a-z]{3,}$")
STYLE = re.compile(r"\$|^(bold|reverse|dim)\b")


def shown_literals(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the literals with words that a module shows without asking a catalog."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        if name in SHOWING:
            yield from literals(node.args)


def literals(nodes: list[ast.expr]) -> Iterator[tuple[int, str]]:
    """Yield literals of expressions, not those in calls."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if WORDS.search(node.value) and not STYLE.search(node.value):
                yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values)
            if WORDS.search(text) and not STYLE.search(text):
                yield node.lineno, text
        elif isinstance(node, (ast.Tuple, ast.List)):
            yield from literals(node.elts)
        elif isinstance(node, ast.IfExp):
            yield from literals([node.body, node.orelse])
        elif isinstance(node, ast.BinOp):
            yield from literals([node.left, node.right])


def test_no_text_of_the_screen_bypasses_the_catalog() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {text!r}"
        for path in sorted((ROOT / "tui").rglob("*.py"))
        for line, text in shown_literals(path)
    ]
    assert found == []


def test_a_text_that_bypasses_the_catalog_is_found(tmp_path: Path) -> None:
    module = tmp_path / "screen.py"
    module.write_text(
        'self.notify(f"{n} orders went away")\nStatic(_("fine as it is"))\nContent.assemble(("so is it", MUTED))\n'
    )
    assert [line for line, _text in shown_literals(module)] == [1, 3], "and not what is a message already"


NOT_SHOWN = {
    "amazon/feeds/vocabulary": "names of carriers",
    "amazon/reports/report_kind": "names of kinds of reports, which are translated by name",
    "amazon/reports/xml_orders": "names of elements",
    "amazon/spapi/operations": "names of parameters",
    "amazon/spapi/transport": "what ordertui calls itself",
    "operations/config": "descriptions of settings, for the settings file and its page",
    "operations/context": "the name of a thread",
    "operations/demo": "made-up orders and reports",
    "operations/rate/related_metrics": "`ordertui rate --neighbours`",
    "operations/settings_problems": "settings are read before there is a screen",
    "orders/marketplace": "where a value is from",
    "rules/language/errors": "the end of a sentence, which is listed whole",
    "rules/language/fields": "fields that only house rules ask for",
    "store": "SQL, and what `ordertui store check` says",
}
"""Modules and packages with words that no screen shows, and what they are. Their errors are in the catalogs."""


def test_every_module_with_sentences_is_in_the_catalogs_or_shows_none() -> None:
    """Also errors: wherever one is raised below the screen, its text is in sentences.txt (`COMMANDS_ONLY` excepted)."""
    known = {text if isinstance(text, str) else text[0] for text, _context in make_messages.extracted()}
    apart = (*(f"{one}/" for one in (*make_messages.WITHOUT_ERRORS, *NOT_SHOWN)), *NOT_SHOWN)
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").as_posix()
        if module.startswith(apart) or make_messages.is_of_commands(module):
            continue
        texts = make_messages.sentences_in(ast.parse(path.read_text(encoding="utf-8")))
        found += [f"{module}: {text!r}" for text in texts if make_messages.is_sentence(text) and text not in known]
    assert found == [], "name the module in SENTENCE_MODULES, or say in NOT_SHOWN what its texts are"


def test_the_lists_of_modules_name_modules() -> None:
    for one in (*make_messages.SENTENCE_MODULES, *make_messages.COMMANDS_ONLY, *NOT_SHOWN):
        assert (ROOT / f"{one}.py").exists() or (ROOT / one).is_dir(), one


def test_texts_of_errors_are_found_where_they_are_made(tmp_path: Path) -> None:
    module = tmp_path / "rooms.py"
    module.write_text(
        "class RoomError(UserError):\n"
        "    def __init__(self, room: str) -> None:\n"
        "        super().__init__(f'room {room} is taken; choose another')\n"
        "class RoomClosed(RoomError): ...\n"
        "def explain(n: int) -> Exception:\n"
        "    return RoomClosed(f'it closed {n} days ago')\n"
        "raise SystemError('nobody is there')\n"
        "note = 'not an error at all'\n"
    )
    tree = ast.parse(module.read_text() + "class UserError(Exception): ...")
    assert set(make_messages.error_texts(tree, make_messages.error_kinds([tree]))) == {
        "room {0} is taken; choose another",
        "it closed {0} days ago",
        "nobody is there",
    }


def evaluated_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what of a module is evaluated while it is imported: not the bodies of functions, but their defaults."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for default in (*child.args.defaults, *filter(None, child.args.kw_defaults)):
                yield from ast.walk(default)
        else:
            yield child
            yield from evaluated_at_import(child)


def test_no_text_is_translated_once_and_for_all_at_import() -> None:
    """It would stay in the language of that moment when F2 switches it; `N_` names a text for translators there."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(ROOT.rglob("*.py"))
        for node in evaluated_at_import(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "ngettext", "pgettext")
    ]
    assert found == []


def test_no_sentence_has_fields_side_by_side() -> None:
    """Nothing would tell where the first ends: `1.95 % of 257 (x)` was shown as `2 of 57 (x)`."""
    text = (ROOT / "messages" / "sentences.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "}{" in line] == []


def test_english_needs_no_catalog_and_counts() -> None:
    assert current_language() == ENGLISH
    assert (ngettext("{n:,} order", "{n:,} orders", 1), ngettext("{n:,} order", "{n:,} orders", 1204)) == (
        "1 order",
        "1,204 orders",
    )
    assert translate("already cancelled") == "already cancelled"


def test_chinese_has_texts_plurals_and_contexts() -> None:
    with speaking(CHINESE):
        assert _("Preview") == "预览"
        assert ngettext("{n:,} order", "{n:,} orders", 1204) == "1,204 个订单"
        assert pgettext("rate", "over") == "超过"
        assert _("") == "", "and not the head of the catalog"
        assert _("no catalog knows this {n}", n=3) == "no catalog knows this 3"
    assert _("Preview") == "Preview"


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("the shipment is confirmed: refund it instead", "已确认发货：请改为退款"),
        ("1 of 2 orders holds several SKUs: all of them are cancelled", "2 个订单中 1 个含多个 SKU：全部都会被取消"),
        ("4 units not restocked (NoInventory)", "4 件不恢复库存（NoInventory）"),
        (
            "2 of 3 orders hold several SKUs: money goes back for more than one of them",
            "3 个订单中 2 个含多个 SKU：会退其中不止一个的款",
        ),
        ("cancels 1 unit of CUP, not shipped", "取消1 件未发货的商品（CUP）"),
        ("the order holds several SKUs: all of them are cancelled", "该订单含多个 SKU：全部都会被取消"),
        ("6 count in these 7 days, 1 was placed before them", "这 7 天内计入 6 个，1 个在此之前下单"),
        ("all of MUG that may be cancelled is needed", "能取消的 MUG 订单都要取消才够"),
        ("it is worth less than 111-1, which is kept", "金额低于不取消的 111-1"),
        ("it may not be cancelled: the shipment is confirmed: refund it instead", "不可取消：已确认发货：请改为退款"),
        (
            "M: 3 units still missing: 2 units in 1 order that you keep and 1 unit in orders that may not be cancelled",
            "M：仍缺 3 件：2 件在您不取消的 1 个订单中，1 件在不可取消的订单中",
        ),
        (
            "bob, as a viewer, may not commit a batch; an agent or above may (`ordertui team list`)",
            "bob：查看者（viewer）无权提交批次；操作员（agent）及以上可以（`ordertui team list`）",
        ),
        (
            "your policy file p is not in force (2 problems, see `ordertui policy check`): its last good version is",
            "您的策略文件 p 未生效（2 个问题，见 `ordertui policy check`）：生效的是它最后一个正确的版本",
        ),
        (
            "A5 would need status unshipped (it is shipped); dispatched no or unknown (it is yes)",
            "A5 需要 状态 尚未发货（现为已发货）；已交给承运人 否 或 未知（现为是）",
        ),
        ("S4 would need confirmed not all (it is all)", "S4 需要 已确认 不是 全部（现为全部）"),
        (
            "the 7-day rate is 35 of 257 (13.62 %) after it, not under 2.5 %",
            "之后的 7 天取消率为 35 / 257（13.62 %），不低于 2.5 %",
        ),
        (
            "1. Upload a.txt\n   at x > Orders > Upload order related files > Order Cancellation, once.",
            "1. 上传 a.txt\n   在 x > 订单 > 上传订单相关文件 > 订单取消，只上传一次。",
        ),
        (
            "111-1: no cancellation request: cancel it yourself, never ask the buyer to (M9)",
            "111-1：没有取消请求：请自行取消，绝不要让买家请求（M9）",
        ),
        ("some words about an order", "some words about an order"),
        ("zoe has marked nothing; who has: ana", "zoe 没有标记任何订单；有标记的是：ana"),
        ("2 are replacement orders: no source", "2 个更换订单：no source"),
        ("2 batches wait for approval: `ordertui approvals`", "2 个批次待批准：`ordertui approvals`"),
        ("1 row of a channel outside Amazon: not imported", "1 行属于亚马逊以外的渠道：未导入"),
        (
            "of 7 units, Amazon restocks 2 units; unknown whether 5 units are restocked",
            "7 件中，亚马逊恢复库存 2 件；5 件是否恢复库存未知",
        ),
        ("column 1: a value is missing after 'sku:'", "第 1 列：“sku:”之后缺少取值"),
        ("the buyer's own words, which no template fits", "the buyer's own words, which no template fits"),
        ("there is no sort key named 'foo'; there are: sku, may", "没有名为 “foo” 的排序键；可用：sku, may"),
        ("there is no saved view named 'x'; there are: Mine", "没有名为 “x” 的已保存的视图；可用：Mine"),
    ],
)
def test_sentences_of_lower_layers_are_recognised(sentence: str, chinese: str) -> None:
    with speaking(CHINESE):
        assert translate(sentence) == chinese


def test_every_warning_of_a_plan_is_translated_whole() -> None:
    """In English a half of one stood among Chinese: the catalog lacked its module, or its sentence with a count."""
    orders = OrderTally(Action.CANCEL, load_policies(now=lambda: 0).of("US"), 0)
    for requests in (orders.requests, orders.claimed):
        requests.update(dict.fromkeys(BuyerRequest, 2))
    for count in ("orders", "replacements", "prime", "incomplete", "several_skus", "undated_prices"):
        setattr(orders, count, 2)
    orders.refunds_known = False
    now, after = (PrimeFigure(7, 40, count, count, Fraction(1, 200)) for count in (0, 2))
    unknown = msgspec.structs.replace(after, reason=undecided_reason(2))
    warnings = [
        *plan_warnings(Action.CANCEL, "US", orders, []),
        *plan_warnings(Action.REFUND, "US", orders, []),
        *prime_warnings([(now, after), (now, unknown)]),
    ]
    assert len(warnings) >= 14
    with speaking(CHINESE):
        told = {one: re.sub(r"`ordertui [^`]*`", "", translate(one)) for one in warnings}
    assert [one for one, words in told.items() if re.search(r"[A-Za-z-]+ [A-Za-z-]+", words)] == []


@given(st.text("ab"), st.lists(st.text("ab", max_size=2), min_size=2, max_size=4))
def test_fields_are_those_of_a_regular_expression(sentence: str, literals: list[str]) -> None:
    found = re.fullmatch("(.+?)".join(literals), sentence, re.DOTALL)
    assert fields_of(sentence, literals) == (list(found.groups()) if found else [])


def test_a_long_text_is_looked_at_once() -> None:
    """Backtracking took 0.3 s at 2,000 characters and minutes at 20,000, while the screen stood still."""
    long_text = "lorem ipsum dolor, sit: amet; " * 700
    with speaking(CHINESE):
        assert translate(long_text) == long_text


@pytest.mark.parametrize(
    ("setting", "environment", "language"),
    [
        ("zh_CN", {}, CHINESE),
        ("en", {"LANG": "zh_CN.UTF-8"}, ENGLISH),
        ("auto", {"LANG": "zh_CN.UTF-8"}, CHINESE),
        ("auto", {"LANG": "de_DE.UTF-8"}, ENGLISH),
        ("auto", {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, ENGLISH),
        ("auto", {"LC_ALL": "", "LANG": "zh_TW.UTF-8"}, CHINESE),
        ("auto", {}, ENGLISH),
    ],
)
def test_the_language_is_that_of_the_settings_or_the_locale(
    setting: str, environment: dict[str, str], language: str
) -> None:
    assert choose_language(setting, environment) == language


@pytest.mark.parametrize("name", ["zh", "zh_CN", "ZH-cn", "中文", "简体中文", "Chinese"])
def test_a_language_is_found_by_its_names(name: str) -> None:
    assert find_language(name) == CHINESE
    assert find_language("tlh") is None


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError):
        use("tlh")


def test_the_catalog_is_one_that_gettext_reads() -> None:
    with (ROOT / "messages" / f"{CHINESE}.mo").open("rb") as file:
        assert GNUTranslations(file).gettext("Outbox") == "发件箱"
