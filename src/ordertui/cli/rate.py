"""`ordertui rate`: figures, the orders behind them, the outlook, and a comparison with Amazon's own figures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordertui.operations.query.export import Record, iso

from .context import Settings, at_most_one, fail, open_session, say
from .exit_codes import Exit
from .output import FORMAT, NO_ORDERS, emit

if TYPE_CHECKING:
    from ordertui.operations.rate.figures import RateFigure
    from ordertui.operations.rate.related_metrics import Metric
    from ordertui.operations.session import Session

COLUMNS = (
    "marketplace", "window_from", "window_to", "timezone", "orders", "cancelled", "rate", "target", "headroom",
    "status", "reason", "basis",
)  # fmt: skip
AFTER = ("after_cancelled", "after_rate", "after_headroom")
PARTS = ("numerator", "denominator")
DATED = ("order", "cancellation")
_DATED_HELP = "What puts a cancellation into the window."
_LIST_HELP = "The orders that count as cancelled, or all orders of the window."
_OUTLOOK_HELP = "Day by day: what leaves the window, and what Amazon is about to cancel by itself."
_RECONCILE_HELP = "Compare with Amazon's Cancellation Rate report or account health report (JSON); changes nothing."
_REPORT = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--marketplace", help="Only this one.")
@click.option("--if-cancel", "text", help="A filter: what the rate becomes when these are cancelled.")
@click.option("--dated", type=click.Choice(DATED), default="order", show_default=True, help=_DATED_HELP)
@click.option("--list", "part", type=click.Choice(PARTS), help=_LIST_HELP)
@click.option("--days", type=click.IntRange(1, 365), help="With --list: the window; without it the policy's shortest.")
@click.option("--outlook", is_flag=True, help=_OUTLOOK_HELP)
@click.option("--budget", is_flag=True, help="Your own budgets of counting cancellations: used and left.")
@click.option("--neighbours", is_flag=True, help="Other rates that Amazon watches, or why they are unknown.")
@click.option("--reconcile", "file", type=_REPORT, help=_RECONCILE_HELP)
@click.option("--dispute", is_flag=True, help="With --reconcile: only what the facts here speak against.")
@FORMAT
@click.pass_obj
def rate(
    settings: Settings,
    marketplace: str | None,
    text: str | None,
    dated: str,
    part: str | None,
    days: int | None,
    outlook: bool,
    budget: bool,
    neighbours: bool,
    file: Path | None,
    dispute: bool,
    form: str,
) -> None:
    """Estimate the cancellation rate per marketplace and window."""
    given = {
        "--list": part is not None,
        "--outlook": outlook,
        "--budget": budget,
        "--neighbours": neighbours,
        "--reconcile": file is not None,
        "--if-cancel": text is not None,
    }
    chosen = at_most_one(given)
    if dispute and file is None:
        fail(Exit.USAGE, "--dispute goes with --reconcile FILE")
    if dated != DATED[0] and (budget or neighbours or file is not None):
        fail(Exit.USAGE, f"--dated goes with the rate, --if-cancel, --list and --outlook, not with {chosen}")
    if days is not None and part is None:
        fail(Exit.USAGE, "--days goes with --list")
    with open_session(settings) as session:
        codes = session.orders.marketplaces()
        if marketplace is not None and marketplace not in codes:
            known = ", ".join(codes) or "none"
            fail(Exit.BAD_INPUT, f"no orders of marketplace {marketplace} here; there are: {known}")
        if not codes:
            say(NO_ORDERS)
        wanted = [code for code in codes if marketplace in (None, code)]
        if part is not None:
            show_list(session, wanted, part, dated, days, form)
        elif outlook:
            show_outlook(session, wanted, dated, form)
        elif budget:
            show_budgets(session, wanted, form)
        elif neighbours:
            show_neighbours(session, wanted, form)
        elif file is not None:
            show_differences(session, file, marketplace, dispute, form)
        else:
            show_figures(session, wanted, text, dated, form)


@click.command("rate-reports")
@click.option("--undo", "ident", type=click.IntRange(1), help="Take back what this report decided.")
@FORMAT
@click.pass_obj
def rate_reports(settings: Settings, ident: int | None, form: str) -> None:
    """List Amazon's Cancellation Rate reports that were imported, with what each one decided."""
    with open_session(settings) as session:
        if ident is not None:
            done = session.rate.undo_report(ident)
            say(f"report {ident}: what it decided of {done.named + done.unnamed:,} orders is undone")
        records = [
            {"report": one.id, "marketplace": one.marketplace, "orders_from": iso(one.start), "orders_to": iso(one.end),
             "imported": iso(one.at), "counting": one.counting, "named": one.named, "not_named": one.unnamed,
             "undone": one.is_undone, "path": one.path}
            for one in session.rate.reports()
        ]  # fmt: skip
    columns = ("report", "marketplace", "orders_from", "orders_to", "imported", "counting", "named", "not_named")
    emit(records, (*columns, "undone", "path"), form)
    if not records:
        say("no Cancellation Rate report was imported")


def show_figures(session: Session, codes: list[str], text: str | None, dated: str, form: str) -> None:
    """List one line per marketplace and window."""
    from ordertui.operations.rate.figures import Dated

    extra = () if text is None else session.orders.find(text)
    records = []
    for effect in (e for code in codes for e in session.rate.calculator.effects(code, extra, dated=Dated(dated))):
        now, after = effect.before, effect.after
        record: Record = {
            "marketplace": now.marketplace, "window_from": iso(now.window_from), "window_to": iso(now.window_to),
            "timezone": now.timezone, "orders": now.orders, "cancelled": now.cancelled, "rate": share(now, form),
            "target": target_cell(Fraction(now.target), form),
            "headroom": None if now.reason else now.headroom, "status": now.status, "reason": now.reason,
            "basis": now.basis, "after_cancelled": after.cancelled, "after_rate": share(after, form),
            "after_headroom": None if after.reason else after.headroom,
        }  # fmt: skip
        if text is None:
            record = {column: record[column] for column in COLUMNS}
        records.append(record)
        if now.reason:
            say(f"{now.marketplace}, {now.days} days: no rate: {now.reason}")
        elif now.silent_days:
            say(
                f"{now.marketplace}, {now.days} days: no order at all is known of {', '.join(now.silent_days)}: if some"
                " were placed, import All Orders of these days, or the rate is another one"
            )
        if now.cancelled_at_least != now.cancelled:
            say(
                f"{now.marketplace}, {now.days} days: between {now.cancelled_at_least:,} and {now.cancelled:,}"
                f" of {now.orders:,} count; of {now.cancelled - now.cancelled_at_least:,} it is unknown"
                " who cancelled, and they are taken as counting"
            )
    emit(records, COLUMNS + (AFTER if text is not None else ()), form)


def show_list(session: Session, codes: list[str], part: str, dated: str, days: int | None, form: str) -> None:
    """List the orders of a numerator or denominator."""
    from ordertui.operations.rate.figures import Dated

    columns = ("marketplace", "order_id", "placed", "status", "counts", "how", "rule", "why")
    records = [
        {"marketplace": code, "order_id": e.order_id, "placed": iso(e.placed), "status": e.status,
         "counts": e.counts, "how": e.how, "rule": e.rule, "why": e.why}
        for code in codes
        for e in session.rate.lists.listing(code, days=days, dated=Dated(dated), numerator=part == "numerator")
    ]  # fmt: skip
    emit(records, columns, form, ("rule", "how", "marketplace"))


def show_outlook(session: Session, codes: list[str], dated: str, form: str) -> None:
    """List day by day what leaves the window and what comes into it."""
    from ordertui.operations.rate.figures import Dated

    columns = (
        "marketplace", "day", "orders", "cancelled", "rate", "status", "auto_cancels", "rolls_off", "rolls_off_orders",
    )  # fmt: skip
    records: list[Record] = []
    for code in codes:
        target = session.eligibility.policy(code).values.rate_target
        records += [
            {"marketplace": code, "day": d.day.isoformat(), "orders": d.orders, "cancelled": d.cancelled,
             "rate": None if d.status == "unknown" else share_cell(d.cancelled, d.orders, target, form),
             "status": d.status,
             "auto_cancels": d.auto_cancels, "rolls_off": d.rolls_off, "rolls_off_orders": d.rolls_off_orders}
            for d in session.rate.outlook.days(code, Dated(dated))
        ]  # fmt: skip
        for effect in session.rate.outlook.forecast(code, Dated(dated)):
            landing = effect.after.cancelled - effect.before.cancelled
            hours = session.eligibility.policies.of(code).values.forecast_hours
            say(
                f"{code}, {effect.before.days} days: {landing:,} that Amazon cancels by itself within {hours} h take"
                f" {effect.before.cancelled:,} to {effect.after.cancelled:,} of {effect.after.orders:,}:"
                f" {effect.after.status}"
            )
        for use in session.rate.budgets.of(code):
            when = "today" if use.budget.span == "day" else "this week"
            say(f"{code}: {use.used:,} of the budget of {use.budget.most:,} used {when}, {use.left:,} left")
    say("each line is the end of its day, if no order is placed and nothing else is cancelled")
    emit(records, columns, form)


def show_budgets(session: Session, codes: list[str], form: str) -> None:
    """List the budgets of the policy file, with what batches of this store have used."""
    columns = ("marketplace", "span", "from", "to", "timezone", "budget", "used", "left", "effect")
    records = [
        {"marketplace": code, "span": use.budget.span, "from": iso(use.start), "to": iso(use.end),
         "timezone": use.timezone, "budget": use.budget.most, "used": use.used, "left": use.left,
         "effect": use.budget.effect.value}
        for code in codes
        for use in session.rate.budgets.of(code)
    ]  # fmt: skip
    emit(records, columns, form, ("timezone", "from", "to"))
    if not records:
        say("your policy file has no [budget]; see docs/policy.md")


def show_neighbours(session: Session, codes: list[str], form: str) -> None:
    """List the rates that Amazon watches too, most of which no report carries."""
    columns = ("marketplace", "metric", "days", "rate", "target", "orders", "at_least", "because", "source")
    records = [
        {"marketplace": code, "metric": m.name, "days": m.days, **metric_cells(m, form), "orders": m.orders,
         "at_least": m.at_least, "because": m.because, "source": m.source}
        for code in codes
        for m in session.rate.related_metrics.of_marketplace(code)
    ]  # fmt: skip
    emit(records, columns, form, ("source",))


def metric_cells(metric: Metric, form: str) -> dict[str, str]:
    """Return the rate and the target of a neighbour; the target is a percentage in a table, elsewhere a number.

    One that no page names is a word.
    """
    from ordertui.rules.rate import percent, target_percent

    rate, target = str(metric.status), metric.target
    if metric.share is not None:
        shown = percent(metric.share, target=Fraction(target), at_most=metric.sign == "<=")
        rate = f"{shown} ({metric.status})"
    if form == "table" and target[:1].isdigit():
        target = target_percent(Fraction(target))
    return {"rate": rate, "target": f"{metric.sign} {target}"}


def show_differences(session: Session, file: Path, marketplace: str | None, dispute: bool, form: str) -> None:
    """List where Amazon's report and the figures here do not agree."""
    from ordertui.operations.rate.comparison import summary

    found = session.rate.compare(file, marketplace)
    columns = ("marketplace", "what", "ours", "amazon", "dispute", "cause")
    records = [
        {"marketplace": d.marketplace, "what": d.what, "ours": d.ours, "amazon": d.amazons,
         "dispute": d.dispute, "cause": d.cause}
        for one in found
        for d in one.differences
        if d.dispute or not dispute
    ]  # fmt: skip
    emit(records, columns, form)
    for one in found:
        say(summary(one))
        for note in one.notes:
            say(note)
        if one.command:
            say(f"take Amazon's side in one step, until `ordertui rate-reports --undo`: {one.command}")
    if not dispute and any(record["dispute"] for record in records):
        say(f"ordertui rate --reconcile {file} --dispute --format csv gives the list for a dispute")


def share(figure: RateFigure, form: str) -> float | str | None:
    """Return the figure's rate as `share_cell` does; None when it is unknown."""
    return None if figure.reason else share_cell(figure.cancelled, figure.orders, Fraction(figure.target), form)


def share_cell(part: int, whole: int, target: Fraction, form: str) -> float | str | None:
    """Return a rate, never rounded across the target: a percentage in a table, elsewhere a number with 6 decimals.

    None without orders.
    """
    from ordertui.rules.rate import percent, round_share

    if not whole:
        return None
    share = Fraction(part, whole)
    return percent(share, target=target) if form == "table" else float(round_share(share, 6, target=target))


def target_cell(target: Fraction, form: str) -> float | str:
    """Return a target: a percentage in a table, elsewhere a number."""
    from ordertui.rules.rate import target_percent

    return target_percent(target) if form == "table" else float(target)
