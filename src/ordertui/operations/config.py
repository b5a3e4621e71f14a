"""The operator's own settings: a small TOML file, every field optional, unknown fields refused."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import platformdirs
from msgspec.structs import replace

from ordertui.files import SETTINGS_BYTES, is_absent, load_toml, read_file
from ordertui.orders.enums import AlertKind
from ordertui.orders.text import NOT_UTF8, to_single_line
from ordertui.store import Operator

from .errors import BadInput
from .paths import typed_path

if TYPE_CHECKING:
    from ordertui.store.engine.address import ServerAddress

APP = "ordertui"
PRACTICE_MARKER = "PRACTICE"
"""A file of this name says that a folder holds a practice store, and may be replaced."""
ENVIRONMENT = "ORDERTUI_CONFIG"
BESIDE_STORE = "outbox"
"""Name of the outbox beside a store."""
IN_DOCUMENTS = "ordertui-outbox"
"""Name of the outbox in the user's Documents folder."""


def _described(text: str) -> msgspec.Meta:
    """Return the description of a setting, as the schema, `config init` and docs/settings.md show it."""
    return msgspec.Meta(description=text)


class AmazonConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The connection to Amazon's Selling Partner API. No secret stands here (docs/connector.md)."""

    profile: Annotated[
        Literal["off", "test", "production"],
        _described(
            "`production` reaches Amazon; `test` a simulator on this machine and nothing else; `off` nothing at all."
        ),
    ] = "off"
    marketplaces: Annotated[
        tuple[str, ...], _described("Codes such as `US`; all of one region, because an account's tokens are.")
    ] = ()
    endpoint: Annotated[str, _described("Address of the simulator, for the test profile.")] = "http://127.0.0.1:8707"
    dispatch: Annotated[
        Literal["file", "api"],
        _described("How batches leave: as files that you upload (`file`), or as feeds that ordertui submits (`api`)."),
    ] = "file"
    sync_minutes: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=525_600,
            description="The screen syncs by itself when the orders are so many minutes old; 0: only on request.",
        ),
    ] = 0


class OutboxConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files to upload."""

    folder: Annotated[
        str,
        _described(
            "Where the files to upload are written: an absolute path or `~/...`. Empty: `ordertui-outbox` in your"
            " Documents folder, for a store that you placed elsewhere `outbox` beside it. Files written before stay"
            " where they are."
        ),
    ] = ""


CLOCK_TIME = r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$"
_TIME = {"takes": "time of day"}
ADDRESS_SOURCE = r"^(keyring|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)?$"


class ReceiverConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who is told: a command, or an address that Apprise knows. The address itself never stands here."""

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9_-]{0,40}$",
            extra={"takes": "at most 40 letters, digits, `-` or `_`"},
            description="What the receiver is called: letters, digits, `-`, `_`. What it was told is kept by it.",
        ),
    ] = ""
    command: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            extra={"secret": True},
            description="A program with its arguments that gets each notification as JSON on stdin; no shell reads it.",
        ),
    ] = ()
    address: Annotated[
        str,
        msgspec.Meta(
            pattern=ADDRESS_SOURCE,
            extra={"secret": True, "takes": "`keyring`, `env:VARIABLE` or `file:PATH`"},
            description="Where the address for Apprise is kept, which holds a secret: `keyring` (`ordertui notify login"
            " NAME` puts it there), `env:VARIABLE`, or `file:PATH` (mode 600).",
        ),
    ] = ""
    kinds: Annotated[tuple[AlertKind, ...], _described("What it is told of; empty: everything.")] = ()
    marketplaces: Annotated[
        tuple[str, ...], _described("Only of these marketplaces, such as `US`; empty: of all.")
    ] = ()
    filter: Annotated[
        str,
        _described(
            "Only of orders that fit this filter, and of batches with such an order; what names no order stays."
        ),
    ] = ""


class NotifyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told what while nobody looks at the screen."""

    quiet_from: Annotated[
        str,
        msgspec.Meta(
            pattern=CLOCK_TIME, extra=_TIME, description="Begin of the quiet hours, such as `22:00`; empty: none."
        ),
    ] = ""
    quiet_to: Annotated[
        str, msgspec.Meta(pattern=CLOCK_TIME, extra=_TIME, description="End of the quiet hours, such as `07:00`.")
    ] = ""
    zone: Annotated[str, _described("Time zone of the quiet hours, such as `Europe/Berlin`.")] = ""
    urgent: Annotated[tuple[AlertKind, ...], _described("Kinds that are told in the quiet hours too.")] = (
        AlertKind.AUTO_CANCEL,
        AlertKind.RATE_OVER,
    )
    gap_minutes: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_440,
            description="Minutes between two notifications of one kind to one receiver; what comes meanwhile is told"
            " together.",
        ),
    ] = 10
    most_per_hour: Annotated[
        int, msgspec.Meta(ge=1, le=1_000, description="Notifications to one receiver in an hour; the others wait.")
    ] = 12
    command_seconds: Annotated[
        int, msgspec.Meta(ge=1, le=120, description="Seconds after which a receiver's command is ended.")
    ] = 30
    receivers: Annotated[tuple[ReceiverConfig, ...], _described("Who is told.")] = ()


class WorkerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `ordertui worker` does besides letting batches leave."""

    sync_minutes: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=525_600,
            description="The worker syncs when the orders are so many minutes old; 0: only at `sync_times`.",
        ),
    ] = 15
    sync_times: Annotated[
        tuple[str, ...], _described('It also syncs at these times of day, such as `["06:30", "13:00"]`.')
    ] = ()
    zone: Annotated[str, _described("Time zone of `sync_times`, such as `Europe/Berlin`; empty: UTC.")] = ""
    import_folder: Annotated[
        str,
        _described(
            "A folder whose reports the worker takes in as they come, an absolute path or `~/...`; it moves them to"
            " `imported` or `refused` in it. Empty: none."
        ),
    ] = ""


MOST_COLOUR_RULES = 40
"""Each is asked of every order of a page."""


class ColourRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A look for the orders that fit a filter."""

    filter: Annotated[
        str,
        _described(
            "The orders that are shown so in the table, such as `sku:A* total>100`. Of several rules the first that"
            " fits is taken; marks have a look of their own."
        ),
    ] = ""
    colour: Annotated[
        Literal["", "red", "orange", "green", "blue", "grey"], _described("Colour of the order's texts.")
    ] = ""
    style: Annotated[
        Literal["", "bold", "italic", "underline"],
        _described("How the order's texts are set. A rule with a colour alone underlines where no colours are shown."),
    ] = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operator's settings. Each field is described once, here; `settings_page` writes the descriptions out."""

    language: Annotated[
        Literal["auto", "en", "zh", "zh_CN"],
        _described(
            "Language of the screen: English (`en`), simplified Chinese (`zh` or `zh_CN`), or that of the locale"
            " (`auto`). Commands and their output are English."
        ),
    ] = "auto"
    shop_name: Annotated[str, _described("Shown in the screen's first line.")] = ""
    store: Annotated[
        str,
        msgspec.Meta(
            extra={"secret": True},
            description="The store when --store and $ORDERTUI_STORE name none: a file, or the address of a server that"
            " a team shares (docs/team.md).",
        ),
    ] = ""
    operator: Annotated[str, _described("Who works here; goes into the audit.")] = ""
    merchant_id: Annotated[str, _described("Amazon's merchant token, for the header of XML feeds.")] = ""
    policy: Annotated[
        str, _described("Edition of the rules: `amazon` (today's) or `article` (30 days until auto-cancel).")
    ] = "amazon"
    policy_file: Annotated[str, _described("A policy file of your own, on top of the edition (docs/policy.md).")] = ""
    retention_days: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=36_500,
            description="`ordertui store purge` deletes orders older than so many days that were never in a batch.",
        ),
    ] = 400
    colours: Annotated[tuple[ColourRule, ...], _described("Colour rules of the order table.")] = ()
    outbox: Annotated[OutboxConfig, _described("The files to upload.")] = OutboxConfig()
    amazon: Annotated[AmazonConfig, _described("The connection to Amazon (docs/connector.md).")] = AmazonConfig()
    notify: Annotated[NotifyConfig, _described("Notifications (docs/notifications.md).")] = NotifyConfig()
    worker: Annotated[WorkerConfig, _described("The worker (docs/team.md).")] = WorkerConfig()


def current_operator(config: Config) -> Operator:
    """Return who works here, for the audit: the operator of the settings and the account of the operating system."""
    try:
        import pwd  # not on Windows

        user = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        user = os.environ.get("USERNAME", "")
    return Operator(config.operator, user, platform.node(), os.getpid())


def config_path() -> Path:
    """Return where the settings are read from: $ORDERTUI_CONFIG, else the user's configuration folder."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else Path(platformdirs.user_config_dir(APP, appauthor=False)) / "config.toml"


def default_store() -> Path:
    """Return where the store is kept when --store does not say."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "orders.db"


def is_address(place: Path | str) -> bool:
    """Return whether a store's place is the address of a server and not a file."""
    return str(place).startswith(("postgresql://", "postgres://"))


def store_place(named: Path | str | None, config: Config) -> Path | ServerAddress:
    """Return where the store is: as named, else by the settings, else in the user's data folder. Raises StoreError."""
    place = named or config.store.strip() or default_store()
    if isinstance(place, str) and is_address(place):
        from ordertui.store.engine.address import parse_address

        return parse_address(place, default_store().parent / "servers")
    return Path(place) if named else typed_path(str(place))


def outbox_folder(config: Config, directory: Path, *, is_practice: bool) -> Path:
    """Return where the files of new batches go. `directory`: that of the store.

    The folder that the settings name, else `outbox` beside a store that the user placed. A store in the user's data
    folder, which file managers hide, has it in the Documents folder. A practice store writes nothing outside of its
    own folder.
    """
    if is_practice:
        return directory / BESIDE_STORE
    if config.outbox.folder:
        return typed_path(config.outbox.folder)
    if directory.is_relative_to(default_store().parent):
        return Path(platformdirs.user_documents_dir()) / IN_DOCUMENTS
    return directory / BESIDE_STORE


def is_practice_folder(directory: Path) -> bool:
    """Return whether a folder holds a practice store, by the file that marks it."""
    return (directory / PRACTICE_MARKER).exists()


def practice_folder() -> Path:
    """Return where the practice store is kept when `ordertui demo --where` does not say."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "practice"


def downloads_folder() -> Path:
    """Return where a browser of this user puts what it downloads."""
    return Path(platformdirs.user_downloads_dir())


def load_config(path: Path | None = None) -> Config:
    """Return the settings, the defaults when there is no file and none is named. Raises BadInput naming file and field.

    Names lose the characters that a terminal would obey or hide.
    """
    is_named = path is None and bool(os.environ.get(ENVIRONMENT))
    path = path or config_path()
    try:
        found = load_toml(read_file(path, SETTINGS_BYTES).decode("utf-8-sig"))
        from .settings_problems import to_config  # a machine without settings never needs it

        return _without_control_characters(to_config(found))
    except OSError as error:
        if is_absent(path):
            if is_named:  # with the defaults the seller's own rules would be off
                raise BadInput(f"{path} is not there, and {ENVIRONMENT} names it as the settings") from None
            return Config()
        raise BadInput(f"{path} cannot be read: {error.strerror}; {ENVIRONMENT} may name another file") from error
    except ValueError as error:
        words = NOT_UTF8 if isinstance(error, UnicodeDecodeError) else error
        raise BadInput(f"{path}: {words}; `ordertui docs settings` lists the settings") from None


def load_sound_part(place: Path | str | None, problem: BadInput) -> Config:
    """Return what is sound of settings of which `load_config` raised `problem`: enough to take back what is held.

    Raises BadInput when neither `place` nor the settings say which store is meant.
    """
    found: dict[str, object] | None = None
    with suppress(OSError, ValueError):
        found = load_toml(read_file(config_path(), SETTINGS_BYTES).decode("utf-8-sig"))
    from .settings_problems import sound_part

    config = _without_control_characters(sound_part(found or {}))
    is_said = found is not None and (
        found["store"] == "" if "store" in found else found.keys() <= set(Config.__struct_fields__)
    )  # a name that is no setting may be a misspelt `store`
    if not (place or config.store or is_said):
        raise BadInput(f"{problem}; to undo all the same, name the store with --store") from problem
    return config


def _without_control_characters(config: Config) -> Config:
    return replace(config, shop_name=to_single_line(config.shop_name), operator=to_single_line(config.operator))


def schema() -> dict[str, object]:
    """Return the JSON schema of the settings."""
    return msgspec.json.schema(Config)
