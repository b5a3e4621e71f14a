"""The team of a store on a server: its people as members of the group roles that have the rights.

Logins and groups belong to the whole server, the groups of a store carry its name (`team_role` in tables.sql). The
groups viewer, agent and lead are given by the group of the owners, so that any owner can take them back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import msgspec

from ordertui.orders.people import Role
from ordertui.store.engine.address import ServerAddress
from ordertui.store.engine.database import Database
from ordertui.store.engine.errors import StoreError
from ordertui.store.engine.postgres import PostgresEngine, postgres_engine
from ordertui.store.engine.rights import become_owner, grant_rights

from .audit import AuditLog

_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,62}")
_BELOW_OWNER = (Role.VIEWER, Role.AGENT, Role.LEAD)


class TeamMember(msgspec.Struct, frozen=True):
    """Somebody of a team."""

    name: str
    """The login."""
    role: Role
    is_connected: bool
    """Whether a program with this login is connected to the server's database now."""
    last_act: int | None
    """When the audit got its newest record of this login (epoch seconds); None: it has none."""


class Team:
    """Makes the groups of a store, and puts logins into them. Only an owner of the store can."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    @property
    def _engine(self) -> PostgresEngine:
        return postgres_engine(self._database.engine)

    @property
    def address(self) -> ServerAddress:
        """The address by which this program reaches the store."""
        return self._engine.address

    @property
    def is_there(self) -> bool:
        """Whether the store has a team: its groups were made and own it."""
        return bool(
            self._database.query(
                "SELECT 1 FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner"
                " WHERE n.nspname = current_schema() AND r.rolname = team_role('owner')"
            )
        )

    def init(self) -> None:
        """Make the groups, let them own the store, and give each its rights; twice is harmless. Raises StoreError.

        Who owned the store until now is an owner of the team.
        """
        self._database.create_read_indexes()
        with self._database.write() as database:
            before = database.required(
                str, "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = current_schema()"
            )
            was_there = self.is_there
            for role in Role:
                if not database.query("SELECT 1 FROM pg_roles WHERE rolname = team_role(?)", (role.value,)):
                    self._run("CREATE ROLE %I NOLOGIN", self._group(role))
            if not was_there:
                for name in dict.fromkeys((self._me(), before)):
                    self._give_ownership(name)
                self._hand_over()
            database.execute("UPDATE change_number SET log_from = number WHERE log_from IS NULL")
            self._as_owner(lambda: grant_rights(self._engine))
            if not was_there:
                self._log("team.made", self._me(), Role.OWNER)

    def has_login(self, name: str) -> bool:
        """Return whether the server knows a login. Raises StoreError for a name that cannot be one."""
        if not _LOGIN.fullmatch(name):
            raise StoreError(
                f"{name!r} is no name of a login here: letters, digits and _ . @ -, a letter first, 63 at most"
            )
        return bool(self._database.query("SELECT 1 FROM pg_roles WHERE rolname = ?", (name,)))

    def add(self, name: str, role: Role, password: str | None) -> None:
        """Give somebody a role who has none; a login that is not there is made. Raises StoreError.

        `password` None: the login needs none, because it proves itself by a certificate or the system's user.
        """
        with self._database.write():
            self._require_team()
            if self._role_of(name) is not None:
                raise StoreError(f"{name} is in the team already; `ordertui team role {name} {role}` changes the role")
            if not self.has_login(name):
                self._run("CREATE ROLE %I LOGIN", name)
                if password is not None:
                    self._run("ALTER ROLE %I PASSWORD %L", name, self._engine.scram(name, password))
            self._give(name, role)
            self._log("team.added", name, role)

    def change(self, name: str, role: Role) -> None:
        """Give somebody of the team another role. Raises StoreError."""
        with self._database.write():
            before = self._require_member(name)
            if before is role:
                return
            self._take(name)
            self._give(name, role)
            self._log("team.changed", name, role)

    def remove(self, name: str) -> None:
        """Take somebody's role. The login stays on the server, and reaches nothing of the store. Raises StoreError."""
        with self._database.write():
            self._require_member(name)
            self._take(name)
            self._log("team.removed", name, None)

    def members(self) -> list[TeamMember]:
        """Return the people of the team by role, owners first, then by name; without a team, the owner of the store."""
        acts: dict[str, int] = dict(
            self._database.query(
                "SELECT CAST(login AS jsonb) #>> '{}', max(at) FROM (SELECT at, substring(payload FROM"
                ' \'.*"login":(".*")}$\') AS login FROM audit) a WHERE login IS NOT NULL GROUP BY 1'
            )
        )
        online = {
            row[0]
            for row in self._database.query("SELECT usename FROM pg_stat_activity WHERE datname = current_database()")
        }
        found = [TeamMember(name, role, name in online, acts.get(name)) for name, role in self._roles().items()]
        return sorted(found, key=lambda one: (-one.role.rank, one.name))

    def _roles(self) -> dict[str, Role]:
        """Return the role of each login: the highest of its groups; of a store without a team, that of its owner."""
        found: dict[str, Role] = {}
        for name, role in self._database.query(
            "SELECT u.rolname, r.name FROM unnest(ARRAY['viewer', 'agent', 'lead', 'owner']) WITH ORDINALITY"
            " AS r (name, place) JOIN pg_roles g ON g.rolname = team_role(r.name)"
            " JOIN pg_auth_members m ON m.roleid = g.oid JOIN pg_roles u ON u.oid = m.member AND u.rolcanlogin"
            " UNION ALL SELECT rolname, 'owner' FROM pg_roles JOIN pg_namespace ON nspowner = pg_roles.oid"
            " WHERE nspname = current_schema() AND rolcanlogin"
        ):
            found[name] = max(found.get(name, Role.VIEWER), Role(role), key=lambda one: one.rank)
        return found

    # -- single steps, in the open transaction

    def _run(self, form: str, *values: str) -> None:
        """Run a statement whose names and texts the server puts in, quoted."""
        text = self._database.required(str, f"SELECT format(?{', ?::text' * len(values)})", (form, *values))
        try:
            self._engine.run(text)
        except StoreError as error:
            if "permission denied to create role" not in str(error.__cause__):
                raise
            raise StoreError(
                f"{self._database.place}: this login may make no roles; the server's administrator lets it (ALTER ROLE"
                " ... CREATEROLE), or makes the new login, which is then added here"
            ) from error

    def _as_owner(self, step: Callable[[], None]) -> None:
        become_owner(self._engine)
        try:
            step()
        finally:
            with suppress(StoreError):  # after an error the transaction is over
                self._engine.run("RESET ROLE")

    def _me(self) -> str:
        return self._database.required(str, "SELECT session_user")

    def _group(self, role: Role) -> str:
        return self._database.required(str, "SELECT team_role(?)", (role.value,))

    def _role_of(self, name: str) -> Role | None:
        return self._roles().get(name)

    def _hand_over(self) -> None:
        """Let the group of the owners own the schema and all in it."""
        owner = self._group(Role.OWNER)
        self._run("GRANT CREATE ON SCHEMA %I TO %I", self._schema(), owner)
        for (text,) in self._database.query(
            "SELECT format('ALTER TABLE %I OWNER TO %I', relname, ?::text) FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = quote_ident(current_schema())::regnamespace"
            " UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO %I', oid::regprocedure, ?::text) FROM pg_proc"
            " WHERE pronamespace = quote_ident(current_schema())::regnamespace",
            (owner, owner),
        ):
            self._engine.run(text)
        self._run("ALTER SCHEMA %I OWNER TO %I", self._schema(), owner)
        for role in _BELOW_OWNER:
            self._run("GRANT %I TO %I WITH ADMIN OPTION", self._group(role), owner)

    def _schema(self) -> str:
        return self._database.required(str, "SELECT current_schema()")

    def _give_ownership(self, name: str) -> None:
        owner = self._group(Role.OWNER)
        is_admin = self._database.value(bool, "SELECT pg_has_role(?, ?, 'MEMBER WITH ADMIN OPTION')", (name, owner))
        self._run("GRANT %I TO %I" if is_admin else "GRANT %I TO %I WITH ADMIN OPTION", owner, name)

    def _give(self, name: str, role: Role) -> None:
        if role is Role.OWNER:
            self._give_ownership(name)
        else:
            self._as_owner(partial(self._run, "GRANT %I TO %I", self._group(role), name))

    def _take(self, name: str) -> None:
        """Take every role from somebody; what another owner gave may stay, which is refused."""
        owner = self._group(Role.OWNER)
        self._run("REVOKE %I FROM %I", owner, name)
        for role in _BELOW_OWNER:
            self._as_owner(partial(self._run, "REVOKE %I FROM %I", self._group(role), name))
        if self._role_of(name) is not None:
            raise StoreError(
                f"{name} stays in the team, because another owner gave the role: that one takes it, or the server's"
                f" administrator (REVOKE); nothing was changed"
            )

    def _require_team(self) -> None:
        if not self.is_there:
            raise StoreError(f"{self._database.place} has no team yet; `ordertui team init` makes it one")

    def _require_member(self, name: str) -> Role:
        self._require_team()
        if name == self._me():
            raise StoreError("another owner changes or takes your own role")
        found = self._role_of(name)
        if found is None:
            raise StoreError(f"{name} is not in the team; `ordertui team list` shows who is")
        return found

    def _log(self, kind: str, name: str, role: Role | None) -> None:
        self._audit.append(kind, {"person": name, "role": None if role is None else role.value})
