"""Steps of a store on a server whose line is cut, each done once more in a store whose line holds, to compare the two.

After each cut the store is as it was before the step or as the other one is after it, the program says which, and does
the step again only if it was not done. At the end both have the same orders, batches, people and records of the audit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ordertui.operations.config import Config
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.errors import UserError
from ordertui.orders.people import Role
from ordertui.store.engine.postgres import postgres_engine
from ordertui.store.repositories.claims import Claim

from .batches import TWO_WAIT, answer, commit, plan, send
from .logins import let_in
from .profile import LONG
from .reports import write
from .server import Server
from .server_line import COMMIT, Cut, ServerLine
from .shops import ALL_ORDERS, NOW, all_orders_row, bring, order_id, unshipped_row

AT_ONCE = 64
"""Orders brought at once, of each kind; more are brought when they are used up."""
SHIPPED, NEW, OLD, REPORTED = 10_000, 20_000, 30_000, 40_000
"""Orders from these numbers on have left, come with a next report, are years old, come with a report that is undone."""
IN_DOUBT = "not known whether it"
REPEATED = ("import", "store.compacted")
"""Records of the audit that come twice when a step that was cut off is done again."""


class Side:
    """One of the two stores, with what a step needs to know. `lead` is the session of who approves."""

    def __init__(self, session: Session, folder: Path, lead: Session | None = None) -> None:
        self.session, self.folder, self.lead = session, folder, lead
        self.filled = 0
        self.orders = (0, 0)
        self.batch = self.number = 0
        self.plan: Plan | None = None
        self.report = folder / "report.txt"
        self.policy = folder / "house.toml"

    def fill(self, count: int = AT_ONCE) -> None:
        """Bring orders that wait and others that left, so many more of each."""
        waiting = range(self.filled + 1, self.filled + count + 1)
        shipped = [SHIPPED + n for n in waiting]
        self.filled += count
        numbers = [*waiting, *shipped]
        everything = [all_orders_row(n) for n in numbers]
        bring(self.session, self.folder, everything=everything, open_=[unshipped_row(n) for n in numbers])
        gone = [all_orders_row(n, "Shipped", updated=NOW - HOUR) for n in shipped]
        bring(self.session, self.folder, everything=gone)

    @property
    def ids(self) -> list[int]:
        """Row numbers of the orders of the step."""
        return [found for n in self.orders if (found := self.session.orders.id_of(order_id(n))) is not None]

    @property
    def person(self) -> str:
        """A login of the step, which is another one in each store: the server has them all."""
        return f"{self.folder.name}_{self.orders[0]}"

    def seen(self) -> dict[str, Any]:
        """What the store holds, without the numbers of batches: one that was undone leaves a gap."""
        store = self.session.context.store
        found = self.session.orders.rows(self.session.orders.find()).values()
        rows = [
            (
                *(o.order_id, o.status, str(o.open_action), str(o.total), o.dispatched, o.buyer_request, o.note),
                *(o.cancelled_by, o.amazon_counts),
            )
            for o in found
        ]
        team = self.lead is not None
        return {
            "orders": sorted(rows, key=lambda row: row[0]),
            "batches": [
                (b.action, b.state, b.due_at <= NOW, [(r.order_id, r.state, r.total, r.code) for r in b.rows])
                for b in self.session.batches.find()
            ],
            "files": sorted(
                path.read_bytes()
                for path in self.session.context.outbox_directory.glob("*/*.txt")
                if not path.stem.isupper()
            ),
            "rates": [(one.counting, one.named, one.is_undone) for one in self.session.rate.reports()],
            "copied": sorted(self.session.messages.copied_at(row[0] for row in rows)),
            "claims": [claim.id for claim in store.claims.live()],
            "marks": [(login, bytes(orders)) for login, _, orders in store.shared_marks.all()],
            "people": [(one.name.rpartition("_")[2], one.role) for one in store.team.members()] if team else [],
            "policies": [one.why for one in store.policies.find()] if team else [],
        }

    def records(self) -> list[tuple[str, ...]]:
        """The audit: what happened, to which orders. An import that was cut off comes twice."""
        found = [(one["what"], " ".join(sorted(one["orders"].split()))) for one in self.session.audit.records()]
        return [one for one in found if one[0] not in REPEATED]


def planned(side: Side) -> None:
    side.plan = plan(side.session, Action.CANCEL, *side.orders)


def refund_planned(side: Side) -> None:
    side.plan = plan(side.session, Action.REFUND, *(SHIPPED + n for n in side.orders))


def held(side: Side) -> None:
    side.batch = commit(side.session, Action.CANCEL, *side.orders)


def due(side: Side) -> None:
    held(side)
    side.session.batches.release(side.batch)


def sent(side: Side) -> None:
    side.batch = send(side.session, Action.CANCEL, *side.orders)
    side.report = answer(side.session, side.folder, side.batch, {2}, name=f"{side.batch}.txt")


def uploaded(side: Side) -> None:
    sent(side)
    side.session.batches.mark_uploaded(side.batch)


def answered(side: Side) -> None:
    sent(side)
    results(side)


def reported(side: Side) -> None:
    """Two rows of known orders that say something new, and two new orders."""
    rows = [all_orders_row(n, "Shipped", updated=NOW - 60) for n in side.orders]
    rows += [all_orders_row(NEW + n) for n in side.orders]
    side.report = write(side.folder / "next.txt", ALL_ORDERS, rows)


def imported(side: Side) -> None:
    rows = [all_orders_row(n, "Shipped", updated=NOW - 60) for n in side.orders]
    rows += [all_orders_row(REPORTED + n) for n in side.orders]
    (found,) = side.session.imports.import_files([write(side.folder / "undone.txt", ALL_ORDERS, rows)])
    side.number = found.number or 0


def rated(side: Side) -> None:
    """A Cancellation Rate report of two cancelled orders, of which one counts."""
    everything = [all_orders_row(n, "Cancelled", updated=NOW - 60) for n in side.orders]
    bring(side.session, side.folder, everything=everything)
    rows = [f"2026-11-22,{order_id(n)},{'Yes' if n % 2 else 'No'}\n" for n in side.orders]
    side.report = side.folder / f"rate {side.orders[0]}.csv"
    side.report.write_text("Order Date,Order ID,Impacts Account Health\n" + "".join(rows), encoding="utf-8")


def rate_imported(side: Side) -> None:
    rated(side)
    import_report(side)
    side.number = side.session.rate.reports()[0].id


def old(side: Side) -> None:
    bring(side.session, side.folder, everything=[all_orders_row(OLD + n, age=1_000 * DAY) for n in side.orders])


def claimed(side: Side) -> None:
    claim(side)


def joined(side: Side) -> None:
    side.session.team.add(side.person, Role.VIEWER, None)


def nothing(_: Side) -> None:
    """Prepare nothing."""


def commit_plan(side: Side) -> object:
    assert side.plan is not None
    return side.session.batches.commit(side.plan, typed=str(len(side.plan.rows)))


def import_report(side: Side) -> object:
    return side.session.imports.import_files([side.report])


def note(side: Side) -> object:
    return side.session.facts.set_note(side.ids, "a gift")


def results(side: Side) -> object:
    return side.session.results.take_in([side.report], side.batch)


def retry(side: Side) -> None:
    for one in side.session.batches.retry(side.batch):
        side.session.batches.commit(one, typed=str(len(one.rows)))


def settle(side: Side) -> object:
    return side.session.batches.settle(side.batch, [order_id(side.orders[0])], done=True, why="seen", typed="1")


def claim(side: Side) -> None:
    ident = f"{side.orders[0]:08d}"
    side.session.context.store.claims.take(Claim(ident, "owner", "host", Action.CANCEL, NOW), b"orders")


def mark(side: Side) -> None:
    side.session.context.store.shared_marks.put("owner", str(side.orders).encode())


def approve(side: Side) -> object:
    assert side.lead is not None
    return side.lead.approvals.approve(side.batch, "looked at each")


def reject(side: Side) -> object:
    assert side.lead is not None
    return side.lead.approvals.reject(side.batch, "not these")


def publish(side: Side) -> object:
    return side.session.team.publish_policy(side.policy, None, f"for {side.orders[0]}")


class Step(NamedTuple):
    """What must be there before a step, the step, and whether it is one transaction."""

    prepare: Callable[[Side], object]
    act: Callable[[Side], object]
    is_one: bool = True


STEPS = {
    "commit": Step(planned, commit_plan),
    "refund": Step(refund_planned, commit_plan),
    "recall": Step(held, lambda side: side.session.batches.recall(side.batch)),
    "release": Step(held, lambda side: side.session.batches.release(side.batch)),
    "dispatch": Step(due, lambda side: side.session.dispatcher.run(), is_one=False),
    "uploaded": Step(sent, lambda side: side.session.batches.mark_uploaded(side.batch)),
    "not uploaded": Step(uploaded, lambda side: side.session.batches.mark_uploaded(side.batch, undo=True)),
    "results": Step(sent, results, is_one=False),
    "retry": Step(answered, retry),
    "settle": Step(sent, settle),
    "import": Step(reported, import_report, is_one=False),
    "undo": Step(imported, lambda side: side.session.undo_import(side.number)),
    "rate": Step(rated, import_report),
    "rate undone": Step(rate_imported, lambda side: side.session.rate.undo_report(side.number)),
    "purge": Step(old, lambda side: side.session.maintenance.purge(700, yes=True)),
    "compact": Step(nothing, lambda side: side.session.maintenance.compact(), is_one=False),
    "sent": Step(nothing, lambda side: side.session.facts.set_dispatched(side.ids, Dispatched.YES)),
    "asked": Step(nothing, lambda side: side.session.facts.set_asked(side.ids, asked=True)),
    "note": Step(nothing, note),
    "fact undone": Step(note, lambda side: side.session.facts.undo()),
    "message": Step(nothing, lambda side: side.session.messages.note_copied(order_id(side.orders[0]))),
    "claim": Step(nothing, claim),
    "renew": Step(claimed, lambda side: side.session.context.store.claims.renew(f"{side.orders[0]:08d}")),
    "let go": Step(claimed, lambda side: side.session.context.store.claims.release(f"{side.orders[0]:08d}")),
    "mark": Step(nothing, mark),
}
TEAM_STEPS = {
    "approve": Step(held, approve),
    "reject": Step(held, reject),
    "add": Step(nothing, lambda side: side.session.team.add(side.person, Role.AGENT, None)),
    "role": Step(joined, lambda side: side.session.team.change(side.person, Role.LEAD)),
    "remove": Step(joined, lambda side: side.session.team.remove(side.person)),
    "policy": Step(nothing, publish),
}
"""Steps of a team, which a store in a file has not."""


class Pair:
    """A store on the server behind a line that is cut, and one where the same is done once."""

    def __init__(self, line: ServerLine, cut: Side, whole: Side, recover: Callable[[], None] = lambda: None) -> None:
        self.line, self.cut, self.whole = line, cut, whole
        self._recover = recover
        """Brings the server back where it was killed."""
        self._next = 1
        self.ends = {"done": 0, "not done": 0, "in doubt": 0, "cut": 0}

    def prepare(self, step: Step) -> dict[str, Any]:
        """Bring both to where the step begins, and return what is seen there."""
        self._next += 2
        for side in (self.cut, self.whole):
            side.orders = (self._next, self._next + 1)
            if side.filled < side.orders[1]:
                side.fill()
            step.prepare(side)
        return self.whole.seen()

    def play_all(self, step: Step) -> None:
        """Play a step cut at every place."""
        for at, cut in self.measure(step):
            self.play(step, at, cut)

    def play_some(self, step: Step, number: int) -> None:
        """Play a step whose first change is kept, and the answer to that lost; every other one cut shortly before too:
        what is read before the change is asked again by itself.
        """
        self.play(step, 0, Cut.ANSWER, of=COMMIT)
        if number % 2:
            self.play(step, max(0, self.line.seen.index(COMMIT) - 1 - number // 2), Cut.REQUEST)

    def measure(self, step: Step) -> list[tuple[int, Cut]]:
        """Do a step once with nothing cut, and return where it could be."""
        self.prepare(step)
        with self.line.armed(None):
            step.act(self.cut)
        step.act(self.whole)
        assert self.cut.seen() == self.whole.seen(), step
        return self.line.points()

    def play(self, step: Step, at: int, cut: Cut, *, of: str = "", stays_away: bool = False) -> None:
        """Do a step whose line is cut, find out what became of it, and do it again if it was not done."""
        before, what = self.prepare(step), (step, at, cut)
        step.act(self.whole)
        wanted = self.whole.seen()
        error = ""
        with self.line.armed(at, cut, of=of, stays_away=stays_away):
            try:
                step.act(self.cut)
            except UserError as refused:
                error = str(refused)
        self.ends["cut"] += self.line.was_cut  # the driver prepares what comes again: a later run has fewer messages
        self._recover()
        found = self.cut.seen()
        if step.is_one:
            assert found in (before, wanted), what
        if not error:
            assert found == wanted, (what, "it was said to be done")
        elif IN_DOUBT in error:
            session = self.cut.lead if step.act in (approve, reject) and self.cut.lead else self.cut.session
            engine = postgres_engine(session.context.store.database.engine)
            engine.settle_doubt()
            said = "the change under way when the line was lost was "
            one_of = ["kept" if found == wanted else "not kept"] if step.is_one else ["kept", "not kept"]
            assert engine.outcome in [said + word for word in one_of], what
            self.ends["in doubt"] += 1
        elif step.is_one:
            assert found == before, (what, error)
        self.ends["done" if found == wanted else "not done"] += self.line.was_cut
        if found != wanted or (error and self.cut.session.maintenance.check()):  # such as a file without its name
            step.act(self.cut)
            found = self.cut.seen()
        assert found == wanted, (what, error)

    def compare(self, address: str) -> None:
        """Compare all that both have, seen at the server's own address by somebody else too, with a slow recount."""
        cut, whole = self.cut.records(), self.whole.records()
        assert cut == whole, (Counter(cut) - Counter(whole), Counter(whole) - Counter(cut))
        with Session.open(address, clock=FixedClock(NOW), config=Config()) as other:
            assert other.maintenance.check() == []
            assert "chain unbroken" in other.audit.verify()
            assert [str(one) for one in other.recount().run()] == []
            query = other.context.store.database.query
            assert query("SELECT order_id FROM batch_rows WHERE is_open = 1 GROUP BY 1 HAVING count(*) > 1") == []
            assert len(other.batches.find()) == len(self.whole.session.batches.find())
        for side in (self.cut, self.whole):
            for session in (side.session, side.lead):
                if session is not None:
                    session.close()


def team_side(folder: Path, server: Server, name: str, line: ServerLine | None = None) -> Side:
    """Return a side with a team, in which two orders or more wait for approval; by a line, or by the server itself."""
    folder.mkdir()
    side = Side(Session.open(server.address(name), clock=FixedClock(NOW), config=Config()), folder)
    side.policy.write_text(TWO_WAIT, encoding="utf-8")
    with side.session as owner:
        side.fill(30)
        let_in(owner, bob=Role.LEAD)
        owner.team.publish_policy(side.policy, None, "two wait")
    place = server.address(name) if line is None else line.address(name)
    side.session, side.lead = (
        Session.open(place.replace("//owner@", f"//{login}@"), clock=FixedClock(NOW), config=Config())
        for login in ("owner", "bob")
    )
    return side


def some(points: list[tuple[int, Cut]], count: int, shift: int = 0) -> list[tuple[int, Cut]]:
    """Return all points in the long profile, else some spread over them: the last one always, which is of a COMMIT.

    `shift` moves the others on.
    """
    if LONG:
        return points
    return [*(points[(n * len(points) // count + shift) % len(points)] for n in range(1, count)), points[-1]]
