"""Read and check the user's policy file; when it fails, its last good copy stays in force and a notice says so."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ordertui.files import SETTINGS_BYTES, read_file
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.people import Permission
from ordertui.orders.text import pluralize
from ordertui.rules.policy.bundled import parse_toml
from ordertui.rules.policy.edition import load_edition, read_edition
from ordertui.rules.policy.house_rules import HousePolicy, read_house_policy
from ordertui.rules.policy.policy import Policies, PolicyError, PolicyProblem, load_policies
from ordertui.store import ReadOnlyStore, Store

from .config import Config, load_config
from .paths import typed_path

if TYPE_CHECKING:
    from ordertui.store.repositories.policies import PolicyVersion

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


PUBLISHED = (
    "the store's policy was published anew after ordertui was opened ({version}): close it and open it again to work by"
    " the new rules; until then nothing can be committed, and what is held does not leave from here"
)
OTHER_FILE = (
    "your policy file {path} is not in force, and differs from the store's policy, which is ({version}); an owner"
    " publishes one: `ordertui policy publish FILE`. Take `policy_file` out of your settings"
)
LEFT_BEHIND = (
    "your policy file {path} is in force, and differs from the policy that the store brought along from its server"
    " ({version}); `ordertui policy history` has that one"
)
OTHER_EDITION = "your settings' policy = '{edition}' is not in force: the store's policy is ({version})"
EDITED = (
    "your policy file {path} was edited after ordertui was opened: close it and open it again to work by the new rules;"
    " until then nothing can be committed, and what is held does not leave from here"
)


class ActivePolicies(NamedTuple):
    """The policies in force as long as the session is open."""

    policies: Policies
    note: str = ""
    """A notice when the operator's own file is not in force, else empty."""
    text: str | None = None
    """The operator's own file as it was read, or the store's own policy; None: there is none, or it cannot be read."""
    version: int = 0
    """Of the store's own policy, which it has for everybody on a server; 0: it has none, and the settings say."""


def load_active_policies(config: Config, reader: Store, store: Store, clock: Clock) -> ActivePolicies:
    """Return the policies in force. `reader` is asked for the store's own, so that no key waits for a network.

    They are the store's own where one was published, which is on a server alone; a store that was moved from there to a
    file keeps them until the settings name a policy file, so that no move lifts a rule. Else a file that passes is kept
    in the store; one that fails leaves the kept text in force. Raises PolicyError when it fails and none is kept.
    """
    published = reader.policies.newest()
    if published is not None and (store.is_shared or not config.policy_file):
        return _of_store(published, config, clock)
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
        note = (
            f"your policy file {path} is not in force ({pluralize(len(error.problems), 'problem')}, see"
            " `ordertui policy check`): its last good version is"
        )
        return ActivePolicies(
            load_policies(config.policy, _read_last_good(kept, path, config, clock), now=clock.now), note, text
        )
    if not store.read_only and store.meta(LAST_GOOD) != text and store.person().may(Permission.PUBLISH_POLICY):
        with suppress(ReadOnlyStore):  # it was moved to another place
            store.set_meta(LAST_GOOD, text)
    note = ""
    if published is not None and published.text != text:
        note = LEFT_BEHIND.format(path=path, version=describe_version(published))
    return ActivePolicies(load_policies(config.policy, house, now=clock.now), note, text)


def _of_store(published: PolicyVersion, config: Config, clock: Clock) -> ActivePolicies:
    """Return the store's own policy; a person's own file is compared with it, and is not in force."""
    name = describe_version(published)
    house = read_house_policy(
        published.text, f"the store's policy, {name}", load_edition(published.edition), now=clock.now()
    )
    note, text = "", None
    if config.policy_file:
        path = typed_path(config.policy_file)
        with suppress(PolicyError):
            text = read_policy_file(path)
        if text != published.text:
            note = OTHER_FILE.format(path=path, version=name)
    elif config.policy not in (Config().policy, published.edition):
        note = OTHER_EDITION.format(edition=config.policy, version=name)
    policies = load_policies(published.edition, house, now=clock.now)
    return ActivePolicies(policies, note, published.text, published.version)


def describe_version(version: PolicyVersion) -> str:
    """Return which version it is, by whom and of when."""
    return f"version {version.version}, by {version.who}, {iso_utc(version.at)}"


def edited_since_load(config: Config, in_force: ActivePolicies, store: Store) -> str:
    """Return a notice when the policy was edited or published anew since it was read, else an empty text."""
    published = published_since_load(in_force, store)
    if published:
        return published
    if not config.policy_file or in_force.version:
        return ""
    path = typed_path(config.policy_file)
    try:
        text: str | None = read_policy_file(path)
    except PolicyError:
        text = None
    return "" if text == in_force.text else EDITED.format(path=path)


def published_since_load(in_force: ActivePolicies, store: Store) -> str:
    """Return a notice when the store's own policy was published anew since it was read, else an empty text."""
    newest = store.policies.newest_number() if store.is_shared else in_force.version
    return "" if newest == in_force.version else PUBLISHED.format(version=f"version {newest}")


def _read_last_good(text: str, path: Path, config: Config, clock: Clock) -> HousePolicy:
    return read_house_policy(
        text, f"the last good version of {path.name}", load_edition(config.policy), now=clock.now()
    )


def check_file(path: Path | None, clock: Clock) -> str:
    """Check a policy file, by default the one named in the settings. Return what was found sound. Raises PolicyError.

    A file with `[edition]` is checked as a whole edition, any other as a user's own rules on top of the chosen one.
    """
    return check_policy(load_config(), clock, path)


def check_policy(config: Config, clock: Clock, path: Path | None = None) -> str:
    """Check a policy file with these settings; see `check_file`."""
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
