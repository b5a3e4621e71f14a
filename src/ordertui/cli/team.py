"""`ordertui team`: the people of a store on a server, and their roles."""

from __future__ import annotations

import sys

import click

from ordertui.operations.query.export import Record
from ordertui.orders.clock import iso_utc
from ordertui.orders.people import Role

from .context import Settings, at_most_one, fail, open_session, say
from .exit_codes import Exit
from .output import FORMAT, emit

ROLE = click.Choice([role.value for role in Role])


@click.group()
def team() -> None:
    """Say who works in a store on a server, and what each may do (docs/team.md)."""


@team.command("init")
@click.pass_obj
def team_init(settings: Settings) -> None:
    """Make the roles of this store on its server; who owned the store becomes its owner. Twice is harmless."""
    with open_session(settings) as session:
        session.team.init()
        say("the store has a team; `ordertui team add NAME --role ROLE` adds people")


@team.command("add")
@click.argument("name")
@click.option("--role", type=ROLE, required=True, help="What the person may do.")
@click.option("--generate", is_flag=True, help="Make a password and print it once, on stdout.")
@click.option("--no-password", is_flag=True, help="The login proves itself by a certificate or the system's user.")
@click.pass_obj
def team_add(settings: Settings, name: str, role: str, generate: bool, no_password: bool) -> None:
    """Add a person by login NAME. A login that the server does not have is made; its password is asked for.

    The server gets no password, only what checks one (SCRAM): none is in an argument, a log or the audit.
    """
    from ordertui.operations.team import make_password

    at_most_one({"--generate": generate, "--no-password": no_password})
    with open_session(settings) as session:
        password = None
        if session.team.needs_login(name) and not no_password:
            if generate:
                password = make_password()
            elif sys.stdin.isatty():
                password = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True, err=True)
            else:
                fail(Exit.USAGE, "there is no terminal to ask for a password: give --generate or --no-password")
        invited = session.team.add(name, Role(role), password)
        say(f'{name} is {role}; the settings of {name} get: store = "{invited.address}"')
        if invited.authority is not None:
            say(f"copy {invited.authority} to {name}'s machine; sslrootcert= is its path there")
        if invited.service is not None:
            say(f"{name} needs the entry [{invited.service}] of your service file (~/.pg_service.conf)")
        if generate and password is not None:
            click.echo(password)


@team.command("role")
@click.argument("name")
@click.argument("role", type=ROLE)
@click.pass_obj
def team_role(settings: Settings, name: str, role: str) -> None:
    """Give a person of the team another role. It holds at once, for programs that run too."""
    with open_session(settings) as session:
        session.team.change(name, Role(role))
        say(f"{name} is {role}")


@team.command("remove")
@click.argument("name")
@click.pass_obj
def team_remove(settings: Settings, name: str) -> None:
    """Take a person out of the team, at once. The login stays on the server, without any right in the store."""
    with open_session(settings) as session:
        session.team.remove(name)
        say(f"{name} reaches nothing of the store any more; the server's administrator may drop the login")


@team.command("list")
@FORMAT
@click.pass_obj
def team_list(settings: Settings, form: str) -> None:
    """List the people of the store, what each may do, and when the audit last heard of them."""
    with open_session(settings) as session:
        records: list[Record] = [
            {"person": one.name, "role": one.role.value, "connected": "yes" if one.is_connected else "no",
             "last_act": "" if one.last_act is None else iso_utc(one.last_act)}
            for one in session.team.members()
        ]  # fmt: skip
    emit(records, ("person", "role", "connected", "last_act"), form)
