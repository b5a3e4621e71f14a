"""Roles: each may do what the one before it may, and a refusal says who may."""

from __future__ import annotations

import pytest

from ordertui.orders.people import LEAST_ROLE, Permission, Person, Role


@pytest.mark.parametrize("permission", Permission)
def test_each_role_may_what_the_one_before_it_may(permission: Permission) -> None:
    allowed = [Person("ann", role).may(permission) for role in Role]
    assert allowed == sorted(allowed)
    assert allowed[-1], "nobody could do it"
    assert allowed.index(True) == LEAST_ROLE[permission].rank


def test_what_each_role_may() -> None:
    """Written out by hand, so that a changed table is seen."""
    found = {role: {one.name for one in Permission if LEAST_ROLE[one] is role} for role in Role}
    assert found == {
        Role.VIEWER: {"LOOK"},
        Role.AGENT: {"IMPORT", "RECORD", "COMMIT", "RECALL", "DISPATCH", "SETTLE", "WORK"},
        Role.LEAD: {"UNDO_IMPORT", "APPROVE"},
        Role.OWNER: {"PUBLISH_POLICY", "MAINTAIN", "MANAGE_TEAM"},
    }


def test_a_refusal_says_who_may() -> None:
    ann = Person("ann", Role.AGENT)
    assert ann.refusal(Permission.COMMIT) == ""
    assert ann.refusal(Permission.APPROVE) == (
        "ann, as an agent, may not approve or reject a batch; a lead or above may (`ordertui team list`)"
    )
    assert Person("", Role.LEAD).refusal(Permission.MANAGE_TEAM).startswith("you, as a lead, may not add, change")
    assert "only an owner may" in ann.refusal(Permission.PUBLISH_POLICY)
