"""The screen's texts in the operator's language: English is in the source, other languages are gettext catalogs.

The screen sets the language of its process with `use`; the command line never does, so its texts stay English
(docs/decisions/0015-languages.md). English needs no catalog, and a start in English reads none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

ENGLISH = "en"
CHINESE = "zh_CN"
LANGUAGES = {ENGLISH: "English", CHINESE: "简体中文"}
"""Every language there is, in its own words."""
AUTO = "auto"
"""The language of the locale."""
JOINTS = (", ", "; ", ": ")
"""Signs between texts that are joined."""
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Catalog(Protocol):
    """What a language needs; `gettext.GNUTranslations` is one."""

    def gettext(self, message: str) -> str:
        """Return the text, or the message itself when there is none."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text for `n` things."""

    def pgettext(self, context: str, message: str) -> str:
        """Return the text of a message that means something else elsewhere."""


class _Current:
    """The language of this process."""

    language = ENGLISH
    catalog: Catalog | None = None
    """None: English."""


def _(message: str, /, **fields: object) -> str:
    """Return a message in the language of the screen, with these values in its named fields."""
    catalog = _Current.catalog
    text = message if catalog is None or not message else catalog.gettext(message)  # "" would be the catalog's head
    return text.format_map(fields) if fields else text


def ngettext(one: str, many: str, n: int, /, **fields: object) -> str:
    """Return the message that goes with the number `n`, which is its field `n`."""
    catalog = _Current.catalog
    if catalog is None:
        text = one if n == 1 else many
    else:
        text = catalog.ngettext(one, many, n)
    return text.format_map({"n": n, **fields})


def pgettext(context: str, message: str, /, **fields: object) -> str:
    """Return a message whose words mean something else elsewhere; `context` tells the two apart."""
    catalog = _Current.catalog
    text = message if catalog is None else catalog.pgettext(context, message)
    return text.format_map(fields) if fields else text


def join_texts(texts: Iterable[str], joint: str = ", ") -> str:
    """Return texts of the screen in one, with a sign of JOINTS as the language writes it between them."""
    return pgettext("joint", joint).join(texts)


def translate(sentence: str) -> str:
    """Return a sentence of the layers below the screen, which write English, in the language of the screen."""
    if _Current.catalog is None or not sentence:
        return sentence
    from .sentences import translate_sentence

    return translate_sentence(sentence)


def translate_codes(text: str) -> str:
    """Return words of closed lists and their names, as `status is unshipped`, in the language of the screen."""
    if _Current.catalog is None:
        return text
    from .sentences import translate_codes

    return translate_codes(text)


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Return the message as it is: it is listed for translators here, and translated with `_` where it is shown."""
    return message


def current_language() -> str:
    """Return the language of the screen."""
    return _Current.language


def use(language: str) -> None:
    """Let the texts of this process be in a language of `LANGUAGES`. Raises KeyError for another."""
    if language not in LANGUAGES:
        raise KeyError(language)
    use_catalog(language, None if language == ENGLISH else _read_catalog(language))


def use_catalog(language: str, catalog: Catalog | None) -> None:
    """Let the texts of this process come from a catalog; None: English."""
    _Current.language, _Current.catalog = language, catalog


def _read_catalog(language: str) -> Catalog:
    from gettext import GNUTranslations
    from pathlib import Path

    with Path(__file__).with_name(f"{language}.mo").open("rb") as file:
        return GNUTranslations(file)


def find_language(name: str) -> str | None:
    """Return the language of a name such as `zh`, `zh-CN`, `chinese` or `中文`; None when there is none of it."""
    typed = name.strip().lower().replace("-", "_")
    for language, title in LANGUAGES.items():
        if typed and (typed in (language.lower(), language.split("_")[0], title.lower())):
            return language
    return {"chinese": CHINESE, "中文": CHINESE, "英文": ENGLISH, "英语": ENGLISH}.get(typed)


def choose_language(setting: str, environment: Mapping[str, str]) -> str:
    """Return the language of the setting `language`; for `auto` that of the locale, else English.

    A locale of traditional Chinese reads simplified Chinese more easily than English.
    """
    if setting != AUTO:
        return find_language(setting) or ENGLISH
    locale = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), "")
    return find_language(locale.partition(".")[0].partition("_")[0]) or ENGLISH
