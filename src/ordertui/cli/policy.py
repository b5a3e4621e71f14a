"""`ordertui policy`: the rules as data, checked, listed and explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordertui.operations.query.export import Record, cell
from ordertui.orders.api_facts import PROGRAM_RULES
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import price_tax_rule
from ordertui.orders.order import LinesKnown
from ordertui.orders.text import name_order
from ordertui.rules.policy.bundled import EDITIONS

from .context import Settings, fail, open_session, say
from .exit_codes import Exit
from .output import FORMAT, emit

if TYPE_CHECKING:
    from ordertui.operations.session import Session
    from ordertui.rules.tables.explanation import Explanation


@click.group()
def policy() -> None:
    """Check, show and explain the rules, which are data."""


@policy.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def policy_check(settings: Settings, file: Path | None) -> None:
    """Check a policy file of your own, or a whole edition (with [edition]); without FILE the one in your settings.

    Every mistake is printed with file, line, column and a caret; exit 4 when there is one.
    """
    from ordertui.operations.policies import check_file

    say(check_file(file, settings.clock()))


@policy.command("publish")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--why", required=True, help="What changes, and why; everybody sees it in the history.")
@click.option("--edition", type=click.Choice(EDITIONS), help="Default: the edition in force.")
@click.pass_obj
def policy_publish(settings: Settings, file: Path, why: str, edition: str | None) -> None:
    """Put the rules of FILE in force for everybody who works in a store on a server. Only an owner may.

    They take the place of the store's own rules before; programs that run commit nothing until they are opened again.
    """
    with open_session(settings) as session:
        found = session.team.publish_policy(file, edition, why)
    say(f"version {found.version} of the store's policy is in force")


@policy.command("history")
@click.option("--version", type=click.IntRange(1), metavar="N", help="Print the rules of this version as they are.")
@FORMAT
@click.pass_obj
def policy_history(settings: Settings, version: int | None, form: str) -> None:
    """List the versions of the policy of a store on a server, newest first, with who published each, when and why.

    A store that was moved from there to a file still has them.
    """
    from ordertui.operations.team import policy_history as versions

    with open_session(settings) as session:
        found = versions(session.context)
    if version is not None:
        text = next((one.text for one in found if one.version == version), None)
        if text is None:
            fail(Exit.BAD_INPUT, f"the store's policy has no version {version}; `ordertui policy history` lists them")
        click.echo(text, nl=not text.endswith("\n"))
        return
    records: list[Record] = [
        {"version": one.version, "at": iso_utc(one.at), "who": one.who, "edition": one.edition, "why": one.why}
        for one in found
    ]
    emit(records, ("version", "at", "who", "edition", "why"), form)
    if not found:
        say("the store has no policy of its own: that of the settings is in force")


@policy.command("show")
@click.argument("marketplace", default="US")
@click.option("--rows", is_flag=True, help="The rows of every decision table too.")
@FORMAT
@click.pass_obj
def policy_show(settings: Settings, marketplace: str, rows: bool, form: str) -> None:
    """Show what is in force in a marketplace and from where: values, house rules and, with --rows, every table row."""
    with open_session(settings) as session:
        if marketplace not in session.eligibility.policies.marketplaces:
            codes = ", ".join(session.eligibility.policies.marketplaces)
            fail(Exit.BAD_INPUT, f"there is no marketplace {marketplace!r}; there are: {codes}")
        records = policy_records(session, marketplace, rows)
        for note in session.notices.banners():
            if note != session.context.active_policies.note:  # which every command says that decides by them
                say(note)
    columns = ("kind", "name", "value", "why", "source", "checked_on", "stale", "inherited_from", "from", "until")
    found = [{column: record.get(column) for column in columns} for record in records]
    emit(found, columns, form, ("until", "from", "stale", "inherited_from"))


def policy_records(session: Session, marketplace: str, rows: bool) -> list[Record]:
    """Return settings and house rules of a marketplace as records, and the rows of its tables on demand."""
    one = session.eligibility.policies.of(marketplace)
    stale = {setting.name for setting in one.stale(session.clock.now())}
    records: list[Record] = [
        {"kind": "value", "name": s.name, "value": s.value, "source": s.source, "checked_on": str(s.checked_on),
         "stale": "check again" if s.name in stale else "", "inherited_from": s.inherited_from,
         "from": cell(s.effective_from), "until": cell(s.effective_until)}
        for s in one.settings()
    ]  # fmt: skip
    tax = price_tax_rule(marketplace)
    records.append(
        {"kind": "value", "name": "price_tax", "value": tax.tax.value, "checked_on": tax.checked, "source": tax.source}
    )
    records += [
        {"kind": "value", "name": f"program_{program.value}", "checked_on": rule.checked, "source": rule.source,
         "value": "by feed neither cancelled nor confirmed" if rule.bars & LinesKnown.PROGRAM_BARS_CANCEL
         else "by feed not confirmed"}
        for program, rule in PROGRAM_RULES.items()
    ]  # fmt: skip
    records += [
        {"kind": "house rule", "name": rule.id, "value": f"{rule.effect.value}: {rule.text}", "why": rule.why,
         "source": session.eligibility.policies.house.file, "from": cell(rule.period.start),
         "until": cell(rule.period.end)}
        for rule in one.house_rules
    ]  # fmt: skip
    if rows:
        for table, row, source in one.rows():
            then = ", ".join(f"{name} {cell(value)}" for name, value in row.then.items())
            records.append(
                {"kind": f"table {table}", "name": row.id,
                 "value": f"{one.conditions(table, row)} -> {then or 'warns'}", "why": row.why, "source": source,
                 "from": cell(row.period.start), "until": cell(row.period.end)}
            )  # fmt: skip
    return records


@policy.command("explain")
@click.argument("order_id")
@click.argument("action", required=False, type=click.Choice([action.value for action in Action]))
@FORMAT
@click.pass_obj
def policy_explain(settings: Settings, order_id: str, action: str | None, form: str) -> None:
    """Explain which rows decide for an order, by which facts and sources, and what stands in the way of the rest."""
    with open_session(settings) as session:
        order = session.orders.get(order_id)
        if order is None:
            fail(Exit.BAD_INPUT, f"no order {name_order(order_id)} in this store")
        found = [session.planner.explain(order, one) for one in Action if action in (None, one.value)]
    if form == "table":
        for explanation in found:
            click.echo("\n".join(explanation_lines(explanation)))
        return
    records = [explanation_record(explanation) for explanation in found]
    if form != "json":
        records = [{k: "; ".join(v) if isinstance(v, tuple) else v for k, v in record.items()} for record in records]
    emit(records, tuple(records[0]), form)


def explanation_record(e: Explanation) -> Record:
    """Return an explanation as a flat record."""
    return {
        "action": e.action, "allowed": e.allowed, "rule": e.rule, "why": e.why, "because": e.because,
        "source": e.source, "note": e.note, "counts": e.counts, "counts_rule": e.counts_rule,
        "counts_why": e.counts_why, "counts_because": e.counts_because, "counts_source": e.counts_source,
        "house": tuple(f"{hit.rule}: {hit.effect}: {hit.why}" for hit in e.house),
        "instead": e.instead, "why_not": str(e.nearest) if e.nearest else "",
    }  # fmt: skip


def explanation_lines(e: Explanation) -> list[str]:
    """Return an explanation as lines of text."""
    lines = [f"{e.action.value}: {'allowed' if e.allowed else 'not allowed'}", f"  {e.rule}: {cell(e.why)}"]
    lines.append(f"    because {', '.join(e.because) or 'it is so for every order'}")
    lines.append(f"    source: {cell(e.source)}")
    if e.note:
        lines.append(f"    note: {cell(e.note)}")
    if e.counts is not None:
        word = {"yes": "counts", "no": "does not count", "unknown": "may count"}[e.counts.value]
        rule = f"{e.counts_rule}: " if e.counts_rule else ""
        lines.append(f"  {rule}{word} toward the rate: {cell(e.counts_why)}")
        if e.counts_because:
            lines += [f"    because {', '.join(e.counts_because)}", f"    source: {cell(e.counts_source)}"]
    lines += [f"  house rule {hit.rule}: {hit.effect}: {cell(hit.why)}  [{cell(hit.condition)}]" for hit in e.house]
    if e.instead:
        lines.append(f"  instead: {e.instead.value}")
    if e.nearest:
        lines.append(f"  why not: the nearest row {cell(str(e.nearest))}")
    return lines
