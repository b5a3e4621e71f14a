"""Sentences of the layers below the screen, as a Chinese screen shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ordertui.messages import CHINESE, ENGLISH, translate, use
from ordertui.messages.sentences import _templates
from ordertui.operations.batches.open_issues import KIND_WORDS


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    use(CHINESE)
    yield
    use(ENGLISH)


@pytest.mark.parametrize(("sentence", "shown"), [
    ("p.toml:3:7: house rule H1: 'cancle' is no action of a batch (did you mean 'cancel'?)\n    action = 'x'\n    ^",
     "p.toml:3:7：自定规则 H1：'cancle' 不是批次的操作（是否要用“cancel”？）\n    action = 'x'\n    ^"),
    ("p.toml:3:7: house rule H1: None is no effect; there are: warn, typed_confirmation, approval, deny",
     "p.toml:3:7：自定规则 H1：None 不是 effect；可用的有：warn, typed_confirmation, approval, deny"),
    ("p.toml:9:1: house rule big needs a why: the sentence that the operator reads",
     "p.toml:9:1：自定规则 big 需要 why：即操作人员看到的说明"),
    ("auto-cancelled Nov 29, before it fits; fits Dec 4", "11-29 会先被自动取消；12-04 起不超目标"),
    ("fits Dec 4 by order date, Dec 12 by cancellation date", "按下单日期 12-04 起不超目标；按取消日期：12-12"),
    ("column 11: 'yes' is not a value of confirmed; it takes no, some, all, unknown",
     "第 11 列：“yes”不是 confirmed 的取值；可用 no, some, all, unknown"),
    ("fits Dec 5 by order date, not in the days ahead by cancellation date; auto-cancelled Dec 8, before it fits by"
     " cancellation date",
     "按下单日期 12-05 起不超目标；按取消日期：不在未来几天内；按取消日期计，12-08 会先被自动取消"),
    ("batch 7 (cancel), 2 orders, contradicted by a report: Amazon said done, but a report shows it as partially"
     " shipped",
     "批次 7（取消）：2 个订单与报告不符；亚马逊说已执行，但报告显示为 部分发货"),
    ("Amazon refused it: 18028 The order is not there", "亚马逊拒绝：18028 The order is not there"),
    ("cancel committed in batch 3 (NoInventory)", "提交取消：批次 3 (NoInventory)"),
    ("partially shipped, by new orders, all orders", "部分发货，来自新订单，所有订单"),
    ("NO LINE, copy 3 h old", "连接中断，副本已有 3 小时"),
    ("there is no field 'totl'; to search for text with '>' in it, quote it (did you mean 'total'?)", None),
])  # fmt: skip
def test_sentences_and_what_is_to_be_typed_in_them(sentence: str, shown: str | None) -> None:
    found = translate(sentence)
    assert shown is None or found == shown
    assert "totl" not in sentence or ("totl" in found and "total" in found), found


def test_what_was_typed_stands_in_chinese_quotation_marks() -> None:
    """Lower layers write `{value!r}`, and the sentence of a field is the value with its quotes."""
    for template, literals in _templates():
        text = translate("'5'".join(literals))
        is_typed = "'{" in template or "there are: " in template
        assert is_typed or "'5'" not in text or not re.search("[㐀-鿿]", text), template


def test_every_kind_of_open_issue_is_named_in_chinese() -> None:
    for words in KIND_WORDS.values():
        sentence = f"batch 3 (confirm), 2 orders, {words}: no report since 2026-11-28 01:00 UTC"
        assert (
            translate(sentence) == f"批次 3（确认发货）：2 个订单{translate(words)}；自 2026-11-28 01:00 UTC 起没有报告"
        )
        assert translate(words) != words
