"""Check XML feeds against `schema/order-feeds.xsd` before anybody sees them.

Of XML Schema this reads what that file uses: elements with named or own types, sequences, one choice, attributes, and
texts restricted by pattern, enumeration and length. A validator of the whole standard weighs 3 MB and half a second of
every start; the tests hold this one against such a validator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from .items import FeedError
from .vocabulary import OTHER

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

XS = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA_FILE = Path(__file__).parent / "schema" / "order-feeds.xsd"
SHOWN = 60
"""Characters of a wrong value that a message shows."""
_END = b"\n</AmazonEnvelope>\n"
READ_AT_ONCE = 65_536
"""Bytes of a feed that are parsed at a time."""


class TextType(msgspec.Struct, frozen=True):
    """What an element's text may be."""

    name: str
    pattern: re.Pattern[str] | None = None
    values: frozenset[str] = frozenset()
    longest: int | None = None

    def fits(self, text: str) -> bool:
        """Return whether a text is of this type."""
        if self.name == "xs:dateTime":
            return _is_moment(text)
        return (
            (self.pattern is None or self.pattern.fullmatch(text) is not None)
            and (not self.values or text in self.values)
            and (self.longest is None or len(text) <= self.longest)
        )


class ElementRule(msgspec.Struct, frozen=True):
    """One element: its name and its content."""

    name: str
    text: TextType | None
    """Set for an element that has text; None for one that has children."""
    steps: tuple[ContentStep, ...]
    """Its children, in the order in which they must stand."""
    attributes: Mapping[str, TextType]
    """All of them are required, and there are no others."""


class ContentStep(msgspec.Struct, frozen=True):
    """A place among the children of an element: which elements may stand there, and how many of them."""

    options: Mapping[str, ElementRule]
    least: int
    most: int | None
    """None: any number."""


def check_feed(content: bytes, kind: str) -> None:
    """Raise FeedError, naming the order and the field, for a feed that Amazon would not take. `kind`: its MessageType.

    The messages must be of that kind, and a CarrierName must stand beside the code `Other`. A message that a pattern
    of the schema fits is good; the others, the first one, and the frame are parsed and checked one by one, so that the
    memory does not grow with their number.
    """
    from xml.etree.ElementTree import ParseError  # a feed of our own making: entities cannot be in it

    try:
        problem = _find_problem(_without_plain_messages(content, kind), kind) or _repetition(content)
    except ParseError as error:
        raise FeedError(f"the XML feed is not well-formed: {error}; report this as a defect") from None
    if problem:
        raise FeedError(f"{problem}; Amazon would refuse it, so the feed is not made")


def _repetition(content: bytes) -> str:
    """Return which number or order of a feed stands in two messages, or an empty text: the second one would act again.

    The texts of these elements hold no markup, as their types say.
    """
    for name in ("MessageID", "AmazonOrderID"):
        found = re.findall(f"<{name}>([^<]*)</{name}>".encode(), content)
        if len(set(found)) < len(found):
            twice = next(text for text, count in Counter(found).items() if count > 1)
            return f"{name} {twice.decode('utf-8', 'replace')} is there twice"
    return ""


def _without_plain_messages(content: bytes, kind: str) -> bytes:
    """Return a feed without those lines, after the first message, that are a whole message of a plain form.

    Every such message fits the schema, and none is known by what stands around it; all else stays.
    """
    start = content.find(b"<Message>")
    if start < 0 or not content.endswith(_END):
        return content
    first, *rest = content[start : -len(_END)].split(b"\n")
    fits = _plain_message(kind).fullmatch
    kept = [line for line in rest if not fits(line)]
    return content[:start] + b"\n".join((first, *kept)) + _END


@cache
def _plain_message(kind: str) -> re.Pattern[bytes]:
    """Return a pattern that fits only messages of a kind that the schema allows, and nearly all that are written."""
    rule = next(option for step in read_schema().steps for name, option in step.options.items() if name == "Message")
    number, body = rule.steps
    of_kind = ContentStep({name: one for name, one in body.options.items() if name == kind}, 1, 1)
    return re.compile(_pattern(msgspec.structs.replace(rule, steps=(number, of_kind))).encode(), re.ASCII)


def _pattern(rule: ElementRule) -> str:
    """Return the regular expression of an element, with plain texts only; see `_plain_text`."""
    attributes = "".join(f' {name}="{_plain_text(kind)}"' for name, kind in rule.attributes.items())
    if rule.text is not None:
        inner = _plain_text(rule.text)
    else:
        inner = "".join(
            f"(?:{'|'.join(map(_pattern, step.options.values()))})"
            f"{{{step.least},{'' if step.most is None else step.most}}}"
            for step in rule.steps
        )
    return f"<{rule.name}{attributes}>{inner}</{rule.name}>"


def _plain_text(kind: TextType) -> str:
    """Return a pattern for texts of a type that hold no markup and need no second look: some of those allowed."""
    if kind.name == "xs:dateTime":
        return r"20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T00:00:00[+-](?:0[0-9]|1[0-3]):[03]0"
    if kind.longest is not None:  # whatever is not blank, and here printable ASCII without & < >
        return r"[!-%'-;=?-~][ -%'-;=?-~]{0,99}"
    if kind.values:  # the code Other needs a name beside it
        return f"(?:{'|'.join(map(re.escape, sorted(kind.values - {OTHER})))})"
    return f"(?:{kind.pattern.pattern})" if kind.pattern is not None else "(?!)"


def _find_problem(content: bytes, kind: str) -> str:
    """Return what is wrong with a feed, or an empty text. Of the messages the first alone is kept beside the head."""
    from xml.etree.ElementTree import XMLPullParser

    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    depth = 0
    root: Element | None = None
    before: Element | None = None
    rule = next(option for step in read_schema().steps for name, option in step.options.items() if name == "Message")
    for start in range(0, len(content), READ_AT_ONCE):
        parser.feed(content[start : start + READ_AT_ONCE])
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if event == "end" and depth == 1 and element.tag == "Message":
                problem = _head_problem(root, element, kind) if before is None else _tail_problem(root, before)
                problem = problem or _problem(element, rule) or _pair_problem(element, kind)
                if problem:
                    return problem
                if before is not None:
                    root.remove(element)
                before = element
    parser.close()
    if root is None:
        return "the feed is empty"
    return (_tail_problem(root, before) if before is not None else "") or _problem(root, read_schema())


def _head_problem(root: Element, first: Element, kind: str) -> str:
    """Return what is wrong with a feed up to its first message, or an empty text. Later ones may be half read."""
    head = root.makeelement(root.tag, root.attrib)
    head.text = root.text
    head.extend(root[: list(root).index(first)])
    head.append(first)
    found = root.findtext("MessageType")
    return _problem(head, read_schema()) or ("" if found == kind else f"MessageType is {found}, not {kind}")


def _tail_problem(root: Element, before: Element) -> str:
    """Return whether text stands behind a message that was taken out of its feed, or an empty text."""
    return f"{root.tag} has text between its elements" if before.tail and not before.tail.isspace() else ""


def _problem(element: Element, rule: ElementRule) -> str:
    """Return what is wrong with an element or below it, with the order it is about; an empty text when nothing is."""
    problem = _attribute_problem(element, rule) if element.attrib or rule.attributes else ""
    if not problem and rule.text is None:
        problem = _content_problem(element, rule)
    elif not problem and rule.text is not None:
        text = element.text or ""
        if len(element):
            problem = f"{rule.name} holds {element[0].tag}, where text is wanted"
        elif not rule.text.fits(text):
            problem = f"{rule.name}: {_shown(text)} is not allowed"
    return _with_order(element, problem) if problem and rule.name == "Message" else problem


def _attribute_problem(element: Element, rule: ElementRule) -> str:
    found = element.attrib.keys() - _NAMESPACE_NOTES
    if found != rule.attributes.keys():
        missing = sorted(rule.attributes.keys() - found)
        return f"{rule.name} lacks {missing[0]}" if missing else f"{rule.name} has an unknown attribute"
    for name, kind in rule.attributes.items():
        if not kind.fits(element.attrib[name]):
            return f"{rule.name} {name}: {_shown(element.attrib[name])} is not allowed"
    return ""


def _content_problem(element: Element, rule: ElementRule) -> str:
    if element.text and not element.text.isspace():
        return f"{rule.name} has text between its elements"
    children = list(element)
    place, last = 0, len(children)
    for step in rule.steps:
        count = 0
        while place < last and count != step.most and (inner := step.options.get(children[place].tag)) is not None:
            child = children[place]
            problem = _problem(child, inner)
            if problem:
                return problem
            if child.tail and not child.tail.isspace():
                return f"{rule.name} has text between its elements"
            place, count = place + 1, count + 1
        if count < step.least:
            return f"{rule.name} lacks {' or '.join(step.options)}"
    return "" if place == last else f"{rule.name}: {children[place].tag} is not wanted there"


_NAMESPACE_NOTES = {"{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"}


def _with_order(message: Element, problem: str) -> str:
    order = message.findtext("*/AmazonOrderID")
    return f"order {order}: {problem}" if order else problem


def _pair_problem(message: Element, kind: str) -> str:
    """Return what is wrong between two values of a message, or an empty text."""
    if message[1].tag != kind:
        return _with_order(message, f"the message is no {kind}")
    data = message.find("OrderFulfillment/FulfillmentData")
    if data is not None and data.findtext("CarrierCode") == OTHER and data.find("CarrierName") is None:
        return _with_order(message, "CarrierCode Other needs a CarrierName beside it")
    return ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _is_moment(text: str) -> bool:
    if "T" not in text:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


# -- the schema file


@cache
def read_schema() -> ElementRule:
    """Return the rule of `AmazonEnvelope`, read from the schema file once."""
    from xml.etree.ElementTree import parse

    root = parse(SCHEMA_FILE).getroot()
    named = {child.attrib["name"]: child for child in root if child.tag in (f"{XS}simpleType", f"{XS}complexType")}
    return _element(next(child for child in root if child.tag == f"{XS}element"), named)


def _element(node: Element, named: Mapping[str, Element]) -> ElementRule:
    own = next(iter(node), None)
    body = own if own is not None else named.get(node.attrib["type"])
    name = node.attrib["name"]
    if body is None:
        return ElementRule(name, TextType(node.attrib["type"]), (), {})
    if body.tag == f"{XS}simpleType":
        return ElementRule(name, _text(body), (), {})
    extension = body.find(f"{XS}simpleContent/{XS}extension")
    if extension is not None:
        attributes = {one.attrib["name"]: _text(named[one.attrib["type"]]) for one in extension}
        return ElementRule(name, _text(named[extension.attrib["base"]]), (), attributes)
    return ElementRule(name, None, tuple(_step(one, named) for one in body.iterfind(f"{XS}sequence/*")), {})


def _step(node: Element, named: Mapping[str, Element]) -> ContentStep:
    rules = [_element(one, named) for one in (node if node.tag == f"{XS}choice" else (node,))]
    most = node.attrib.get("maxOccurs", "1")
    return ContentStep(
        {rule.name: rule for rule in rules}, int(node.attrib.get("minOccurs", "1")),
        None if most == "unbounded" else int(most),
    )  # fmt: skip


def _text(node: Element) -> TextType:
    facets = [(one.tag.removeprefix(XS), one.attrib["value"]) for one in node[0]]
    patterns = [value for name, value in facets if name == "pattern"]
    lengths = [int(value) for name, value in facets if name == "maxLength"]
    return TextType(
        node.attrib["name"],
        re.compile(patterns[0]) if patterns else None,
        frozenset(value for name, value in facets if name == "enumeration"),
        lengths[0] if lengths else None,
    )
