"""The rights of a team's logins on a server's tables and functions, by what each role may do.

`orders.people` says which role has a permission, this list what a permission needs of the database. Together they are
the grants; who owns the store needs none. Of a batch, agents change only the columns with its way to Amazon, and the
triggers of tables.sql let states follow each other as `orders.batch_state` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from ordertui.orders.people import LEAST_ROLE, Permission, Role

from .protocol import Params, Row


class Statements(Protocol):
    """A connection that runs the statements of rights in its open transaction."""

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows of a statement."""

    def run(self, text: str) -> None:
        """Run statements that have no parameters."""


class Right(msgspec.Struct, frozen=True):
    """What a permission needs of one table or function."""

    permission: Permission
    verbs: str
    """As GRANT takes them: `INSERT`, `UPDATE (state, note)`, `EXECUTE`."""
    on: str
    """A table, or a function with the types of its arguments."""

    @property
    def is_of_function(self) -> bool:
        """Whether it is about a function."""
        return self.verbs == "EXECUTE"


_IMPORT, _RECORD, _COMMIT, _DISPATCH = Permission.IMPORT, Permission.RECORD, Permission.COMMIT, Permission.DISPATCH
_SETTLE, _UNDO = Permission.SETTLE, Permission.UNDO_IMPORT
RIGHTS: tuple[Right, ...] = (
    Right(_IMPORT, "INSERT, UPDATE", "orders"),
    Right(_IMPORT, "INSERT, UPDATE", "lines"),
    Right(_IMPORT, "INSERT, UPDATE", "products"),
    Right(_IMPORT, "INSERT, UPDATE", "api_facts"),
    Right(_IMPORT, "INSERT, UPDATE", "said_cancelled"),
    Right(_IMPORT, "INSERT", "imports"),
    Right(_IMPORT, "UPDATE (row_count, new_orders, changed, unchanged, rejected, finished, is_whole, undo)", "imports"),
    Right(_IMPORT, "INSERT, UPDATE, DELETE", "import_orders"),
    Right(_IMPORT, "INSERT, UPDATE, DELETE", "import_lines"),
    Right(_IMPORT, "INSERT, UPDATE, DELETE", "import_products"),
    Right(_IMPORT, "INSERT", "unshipped_reports"),
    Right(_IMPORT, "INSERT", "rate_reports"),
    Right(_IMPORT, "INSERT", "rate_report_rows"),
    Right(_IMPORT, "INSERT, UPDATE, DELETE", "rate_report"),
    Right(_IMPORT, "INSERT", "results"),
    Right(_IMPORT, "UPDATE (content_key, transaction_id)", "results"),
    Right(_IMPORT, "INSERT, UPDATE, DELETE", "meta"),
    Right(_RECORD, "INSERT, UPDATE", "operator_facts"),
    Right(_COMMIT, "INSERT (id, action, marketplace, state, created_at, due_at, sha256, advice, plan, who, author,"
          " hold_boot, hold_mark)", "batches"),
    Right(_COMMIT, "EXECUTE", "ask_approval(bigint, bigint, text)"),
    Right(_COMMIT, "EXECUTE", "pass_approval(bigint, bigint)"),
    Right(Permission.APPROVE, "EXECUTE", "decide_approval(bigint, bigint, bigint, text, text)"),
    Right(_COMMIT, "INSERT", "batch_rows"),
    Right(_COMMIT, "INSERT", "refunds"),
    Right(_COMMIT, "UPDATE (item_id)", "refunds"),
    Right(_COMMIT, "INSERT", "tries"),
    Right(_COMMIT, "INSERT", "feed_parts"),
    Right(_COMMIT, "INSERT, DELETE, UPDATE (until)", "claims"),
    Right(_COMMIT, "INSERT, UPDATE (at, orders)", "shared_marks"),
    Right(_DISPATCH, "UPDATE (state, due_at, hold_boot, hold_mark, sent_at, files, sha256, writing, uploaded_at)",
          "batches"),
    Right(_DISPATCH, "INSERT", "feeds"),
    Right(_DISPATCH, "INSERT", "feed_attempts"),
    Right(_DISPATCH, "UPDATE (state, polls, polled_at, status, note, feed_id)", "feed_attempts"),
    Right(_SETTLE, "UPDATE (state, is_open, code, text, word)", "batch_rows"),
    Right(_SETTLE, "UPDATE (accepted)", "refunds"),
    Right(Permission.WORK, "INSERT, UPDATE (state, attempts, until, note)", "notifications"),
    Right(Permission.WORK, "INSERT", "told_alerts"),
    Right(_RECORD, "EXECUTE", "audit_append(bigint, text, text, text[])"),
    Right(_RECORD, "EXECUTE", "count_change(text)"),
    Right(_IMPORT, "EXECUTE", "look_anew()"),
    Right(_UNDO, "DELETE", "orders"),
    Right(_UNDO, "DELETE", "lines"),
    Right(_UNDO, "DELETE", "products"),
    Right(_UNDO, "DELETE", "api_facts"),
    Right(_UNDO, "DELETE", "unshipped_reports"),
    Right(_UNDO, "DELETE", "rate_report_rows"),
    Right(_UNDO, "UPDATE (as_of, has_request_column)", "imports"),
    Right(_UNDO, "UPDATE (undone)", "rate_reports"),
)  # fmt: skip
READ_ONLY_TABLES = frozenset(
    {
        "approvals",
        "audit",
        "audit_orders",
        "policies",
        "schema_version",
        "change_number",
        "changes",
        "commits",
        "unrecorded",
    }
)
"""Tables that functions of the store write, or its owner alone. Every role reads every table."""


def rights_of(role: Role) -> Iterator[Right]:
    """Yield the rights that a role needs for all that it may do."""
    return (right for right in RIGHTS if role.rank >= LEAST_ROLE[right.permission].rank)


def become_owner(engine: Statements) -> bool:
    """In the open transaction, act as the group that owns the store, so that it owns what is made.

    Return whether there is one: the store has a team.
    """
    found = engine.query(
        "SELECT format('SET LOCAL ROLE %I', r.rolname) FROM pg_roles r JOIN pg_namespace n ON n.nspowner = r.oid"
        " WHERE n.nspname = current_schema() AND NOT r.rolcanlogin"
    )
    for (text,) in found:
        engine.run(text)
    return bool(found)


def grant_rights(engine: Statements) -> None:
    """In the open transaction, give each role below the owner the rights that it needs and no others.

    What acts with the owner's rights is nobody else's first: a restored dump may have lost that.
    """
    for (text,) in engine.query(
        "SELECT format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', oid::regprocedure) FROM pg_proc WHERE prosecdef"
        " AND pronamespace = quote_ident(current_schema())::regnamespace"
    ):
        engine.run(text)
    for role in Role:
        if role is Role.OWNER:
            continue
        name, schema = engine.query("SELECT quote_ident(team_role(?)), quote_ident(current_schema())", (role.value,))[0]
        rights = (
            f"GRANT {one.verbs} ON {'FUNCTION ' * one.is_of_function}{one.on} TO {name}" for one in rights_of(role)
        )
        engine.run(
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name};"
            f" REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM {name};"
            f" GRANT USAGE ON SCHEMA {schema} TO {name}; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name};"
            + "; ".join(rights)
        )
