"""People and what they may do: the roles of a team, the permissions of each, and the answer in words.

This table is the only place that says which role may do what. The program asks it before keys and commands
(`SessionContext.refusal`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What a person is in a team; each may do what the one before it may, and more."""

    VIEWER = "viewer"
    AGENT = "agent"
    LEAD = "lead"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for the role that may do the least."""
        return list(Role).index(self)


class Permission(StrEnum):
    """Something that a person does with the store; the value completes "may not ..."."""

    LOOK = "look at orders, batches and the audit"
    IMPORT = "bring in reports and processing reports, by file or by sync"
    UNDO_IMPORT = "undo an import"
    RECORD = "record facts and notes of orders, or that a text for a buyer was copied or sent"
    COMMIT = "commit a batch"
    RECALL = "undo a held batch"
    DISPATCH = "let a batch leave, or say that its file was uploaded"
    SETTLE = "say what became of a batch"
    WORK = "run the worker"
    APPROVE = "approve or reject a batch"
    PUBLISH_POLICY = "publish the store's policy"
    MAINTAIN = "purge, compact, move or adopt the store"
    MANAGE_TEAM = "add, change or remove people"


LEAST_ROLE: Mapping[Permission, Role] = {
    Permission.LOOK: Role.VIEWER,
    Permission.IMPORT: Role.AGENT,
    Permission.UNDO_IMPORT: Role.LEAD,
    Permission.RECORD: Role.AGENT,
    Permission.COMMIT: Role.AGENT,
    Permission.RECALL: Role.AGENT,
    Permission.DISPATCH: Role.AGENT,
    Permission.SETTLE: Role.AGENT,
    Permission.WORK: Role.AGENT,
    Permission.APPROVE: Role.LEAD,
    Permission.PUBLISH_POLICY: Role.OWNER,
    Permission.MAINTAIN: Role.OWNER,
    Permission.MANAGE_TEAM: Role.OWNER,
}
"""The role from which on each is allowed."""


class Person(msgspec.Struct, frozen=True):
    """Who is at work in a store, as the store's server knows it; for a file, as the operating system does."""

    name: str
    """The login; empty where the system does not tell."""
    role: Role

    def may(self, permission: Permission) -> bool:
        """Return whether the person's role allows it."""
        return self.role.rank >= LEAST_ROLE[permission].rank

    def refusal(self, permission: Permission) -> str:
        """Return why the person may not do something, for the operator; an empty text when it is allowed."""
        if self.may(permission):
            return ""
        least = LEAST_ROLE[permission]
        who = "only an owner" if least is Role.OWNER else f"{_with_article(least)} or above"
        return (
            f"{self.name or 'you'}, as {_with_article(self.role)}, may not {permission.value}; {who} may"
            " (`ordertui team list`)"
        )


def _with_article(role: Role) -> str:
    return f"{'an' if role.value[0] in 'ao' else 'a'} {role.value}"
