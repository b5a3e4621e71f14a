"""The people of a store on a server: who they are, and the roles that owners give them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ordertui.orders.people import Permission, Role
from ordertui.rules.policy.edition import load_edition
from ordertui.rules.policy.house_rules import read_house_policy
from ordertui.store.engine.address import address_for, own_authority

from .context import SessionContext
from .errors import TeamNeedsServer
from .policies import LAST_GOOD, read_policy_file

if TYPE_CHECKING:  # it imports the driver of the server, which not everybody has
    from ordertui.store.repositories.policies import PolicyVersion
    from ordertui.store.repositories.team import Team, TeamMember

PASSWORD_BYTES = 18
"""Of a password that is made here: 24 characters."""


class Invitation(msgspec.Struct, frozen=True):
    """What somebody who was added to a team needs on the own machine."""

    address: str
    """The store, for the settings."""
    authority: str | None
    """The file of this machine with the authority of the server's certificate; None: it is one of the system's."""
    service: str | None
    """The entry of libpq's service file that the address names; None: none."""


class TeamService:
    """Lists the team of a store, and lets owners change it."""

    def __init__(self, context: SessionContext) -> None:
        if not context.store.is_shared:
            raise TeamNeedsServer(
                "a team needs a store on a server: this one is a file, whose user may do everything, by the policy of"
                " the settings. `ordertui store move` takes it to a server (docs/team.md)"
            )
        self._context = context

    def init(self) -> None:
        """Make the store a team's; who owned it is its owner, and the policy in force here is its first.

        Raises RoleRefused, ReadOnly, StoreError, PolicyError.
        """
        team, store, active = self._team(), self._context.store, self._context.active_policies
        team.init()
        if store.policies.newest() is None:
            text = store.meta(LAST_GOOD) if active.note else active.text
            store.policies.publish(self._context.config.policy, text or "", "in force when the team was made")

    def needs_login(self, name: str) -> bool:
        """Return whether the server has no login of this name yet. Raises RoleRefused, ReadOnly, StoreError."""
        return not self._team().has_login(name)

    def add(self, name: str, role: Role, password: str | None) -> Invitation:
        """Give somebody a role; return what they need to reach the store.

        `password` is that of a login that is made; None: it has none. Raises RoleRefused, ReadOnly, StoreError.
        """
        team = self._team()
        team.add(name, role, password)
        address = team.address
        return Invitation(address_for(address, name), own_authority(address), address.settings.get("service"))

    def change(self, name: str, role: Role) -> None:
        """Give somebody of the team another role. Raises RoleRefused, ReadOnly, StoreError."""
        self._team().change(name, role)

    def remove(self, name: str) -> None:
        """Take somebody's role. Raises RoleRefused, ReadOnly, StoreError."""
        self._team().remove(name)

    def members(self) -> list[TeamMember]:
        """Return the people of the team, owners first."""
        self._context.require(Permission.LOOK)
        return self._context.store.team.members()

    def publish_policy(self, path: Path, edition: str | None, why: str) -> PolicyVersion:
        """Put the rules of a file on top of an edition in force, for everybody who works in the store.

        `edition` None: the one in force. Raises RoleRefused, ReadOnly, PolicyError, StoreError.
        """
        store = self._context.writer(Permission.PUBLISH_POLICY)
        newest, text = store.policies.newest(), read_policy_file(path)
        edition = edition or (self._context.config.policy if newest is None else newest.edition)
        read_house_policy(text, str(path), load_edition(edition), now=self._context.clock.now())
        return store.policies.publish(edition, text, why)

    def _team(self) -> Team:
        return self._context.writer(Permission.MANAGE_TEAM).team


def policy_history(context: SessionContext) -> list[PolicyVersion]:
    """Return the versions of the store's own policy, newest first; those of a file were published on a server."""
    context.require(Permission.LOOK)
    return context.store.policies.find()


def make_password() -> str:
    """Return a password that nobody can guess."""
    return secrets.token_urlsafe(PASSWORD_BYTES)
