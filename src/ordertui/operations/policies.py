"""Read and check the user's policy file; when it fails, its last good copy stays in force and a notice says so."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ordertui.files import SETTINGS_BYTES, read_file
from ordertui.orders.clock import Clock
from ordertui.rules.policy.bundled import parse_toml
from ordertui.rules.policy.edition import load_edition, read_edition
from ordertui.rules.policy.house_rules import HousePolicy, read_house_policy
from ordertui.rules.policy.policy import Policies, PolicyError, PolicyProblem, load_policies
from ordertui.store import ReadOnlyStore, Store

from .config import Config, load_config
from .paths import typed_path

LAST_GOOD = "policy.last-good"
"""Key in the store's meta under which the last good text is kept."""


def read_policy_file(path: Path) -> str:
    """Return the text of a policy file. Raises PolicyError when it cannot be read."""
    try:
        return read_file(path, SETTINGS_BYTES).decode("utf-8-sig")  # editors on Windows put a mark in front
    except OSError as error:
        problem = PolicyProblem(str(path), 0, 0, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        problem = PolicyProblem(str(path), 0, 0, f"is not UTF-8 text (byte {error.start}): save it as UTF-8")
    raise PolicyError([problem])


EDITED = (
    "your policy file {path} was edited after ordertui was opened: close it and open it again to work by the new rules;"
    " until then nothing can be committed"
)


class ActivePolicies(NamedTuple):
    """The policies in force as long as the session is open."""

    policies: Policies
    note: str = ""
    """A notice when the operator's own file is not in force, else empty."""
    text: str | None = None
    """The operator's own file as it was read; None: none is named, or it could not be read."""


def load_active_policies(config: Config, store: Store, clock: Clock) -> ActivePolicies:
    """Return the policies in force.

    A file that passes is kept in the store; one that fails leaves the kept text in force. Raises PolicyError when it
    fails and none is kept.
    """
    if not config.policy_file:
        return ActivePolicies(load_policies(config.policy, now=clock.now))
    path = typed_path(config.policy_file)
    base = load_edition(config.policy)
    text = None
    try:
        text = read_policy_file(path)
        house = read_house_policy(text, str(path), base, now=clock.now())
    except PolicyError as error:
        kept = store.meta(LAST_GOOD)
        if kept is None:
            raise
        count = len(error.problems)
        note = (
            f"your policy file {path} is not in force ({count} {'problem' if count == 1 else 'problems'}, see"
            " `ordertui policy check`): its last good version is"
        )
        return ActivePolicies(load_policies(config.policy, _kept(kept, path, config, clock), now=clock.now), note, text)
    if not store.read_only and store.meta(LAST_GOOD) != text:
        with suppress(ReadOnlyStore):  # it was moved to another place
            store.set_meta(LAST_GOOD, text)
    return ActivePolicies(load_policies(config.policy, house, now=clock.now), text=text)


def edited_since_load(config: Config, in_force: ActivePolicies) -> str:
    """Return a notice when the user's policy file was edited since it was read, else an empty text."""
    if not config.policy_file:
        return ""
    path = typed_path(config.policy_file)
    try:
        text: str | None = read_policy_file(path)
    except PolicyError:
        text = None
    return "" if text == in_force.text else EDITED.format(path=path)


def _kept(text: str, path: Path, config: Config, clock: Clock) -> HousePolicy:
    return read_house_policy(
        text, f"the last good version of {path.name}", load_edition(config.policy), now=clock.now()
    )


def check_file(path: Path | None, clock: Clock) -> str:
    """Check a policy file, by default the one named in the settings. Return what was found sound. Raises PolicyError.

    A file with `[edition]` is checked as a whole edition, any other as a user's own rules on top of the chosen one.
    """
    config = load_config()
    if path is None:
        if not config.policy_file:
            load_policies(config.policy, now=clock.now)
            return f"the edition {config.policy} is sound; no policy file of your own is named in the settings"
        path = typed_path(config.policy_file)
    text = read_policy_file(path)
    if "edition" in parse_toml(text, str(path)):
        edition = read_edition(text, str(path))
        rows = sum(len(table.rows) for table in edition.tables.values())
        return f"{path}: the edition {edition.edition} is sound: {len(edition.tables)} tables, {rows} rows"
    house = read_house_policy(text, str(path), load_edition(config.policy), now=clock.now())
    rules = f"{len(house.rules)} house {'rule' if len(house.rules) == 1 else 'rules'}"
    return f"{path} is sound: {rules}, they only tighten the edition {config.policy}"
