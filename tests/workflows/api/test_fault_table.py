"""Everything that goes wrong, in one table: the state, the words on the screen, and in the end no effect twice and no
row lost.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ordertui.amazon.spapi.errors import SpApiError
from ordertui.operations.errors import error_message
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.render.batch import errors_first, render_batch, render_row
from ordertui.tui.render.batch_list import BatchContext, render_batch_line
from support.model_store import Floor
from support.simulator import Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")

CANCEL, REFUND = Action.CANCEL, Action.REFUND
BOTH = (CANCEL, REFUND)
OK, ERROR, UNKNOWN, HELD, CONFIRMED = RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.HELD, RowState.CONFIRMED
ACCEPTED = RowState.ACCEPTED
UNCLEAR = "it may have the feed. It is looked for, and not sent again until that is clear"
REFUSED = "Amazon did not take it, and nothing was done. It is held; dispatch tries again, undo takes it back"


@dataclass(frozen=True)
class Fault:
    """One line of the table."""

    name: str
    arrange: Callable[[Floor], None]
    state: str
    """Of the attempt, when it has just happened; empty: there is none."""
    rows: set[RowState]
    words: str
    """On the outbox screen, or in what the key said."""
    after: int = 0
    """Seconds until it shows, after the dispatch."""
    end: dict[Action, set[RowState]] | None = None
    """What the rows may end as, when nobody helps; None: as they were."""
    posts: int = 1
    """How many feeds Amazon got in the end, at most."""


def at(where: str, fault: str) -> Callable[[Floor], None]:
    return lambda floor: floor.sim.faults.add(where, fault)


def stale(floor: Floor) -> None:
    floor.sim.amazon.lag_seconds = 2 * DAY
    floor.sim.faults.add("createFeed", "drop_after")


def fatal(floor: Floor) -> None:
    floor.sim.amazon.feed_outcomes.append("FATAL")


def miscount(floor: Floor) -> None:
    floor.sim.amazon.miscount = 1


def truncated(floor: Floor) -> None:
    floor.sim.amazon.pack_results = True
    floor.sim.amazon.damage = lambda packed: packed[:-9]


def strange(floor: Floor) -> None:
    floor.sim.check_answers = False
    floor.sim.amazon.feed_outcomes.append("ON_HOLIDAY")


DONE = {CANCEL: {CONFIRMED}, REFUND: {CONFIRMED}}
NEVER_CAME = {CANCEL: {CONFIRMED}, REFUND: {UNKNOWN}}
"""A cancellation leaves again after three looks; a refund waits for a person."""
TABLE = (
    Fault("HTML 503", at("createFeed", "html503"), "unknown", {UNKNOWN}, UNCLEAR, end=NEVER_CAME),
    Fault("empty 502", at("createFeed", "empty502"), "unknown", {UNKNOWN}, UNCLEAR, end=NEVER_CAME),
    Fault("500 after it was taken", at("createFeed", "error500_after"), "unknown", {UNKNOWN}, UNCLEAR, end=DONE),
    Fault("dropped before", at("createFeed", "drop"), "unknown", {UNKNOWN}, UNCLEAR, end=NEVER_CAME),
    Fault("dropped after", at("createFeed", "drop_after"), "unknown", {UNKNOWN}, UNCLEAR, end=DONE),
    Fault("hangs", at("createFeed", "hang"), "unknown", {UNKNOWN}, UNCLEAR, end=NEVER_CAME),
    Fault("hangs after", at("createFeed", "hang_after"), "unknown", {UNKNOWN}, UNCLEAR, end=DONE),
    Fault("429", at("createFeed", "throttle"), "refused", {HELD}, REFUSED, end=DONE),
    Fault("401", at("createFeed", "unauthorized"), "refused", {HELD}, REFUSED, end=DONE),
    Fault("upload address expired", at("upload", "forbidden"), "", {HELD}, "the address may have expired", end=DONE),
    Fault(
        "stale getFeeds", stale, "unknown", {UNKNOWN}, UNCLEAR,
        end={CANCEL: {CONFIRMED, RowState.LEFT_OUT}, REFUND: {CONFIRMED}}, posts=1,
    ),
    Fault(
        "FATAL with part of it done", fatal, "fatal", {UNKNOWN},
        "some, none or all of it may have been done, so every row is unknown. Sync, look, then settle each; nothing"
        " is sent again by itself",
        after=120, end={CANCEL: {CONFIRMED, UNKNOWN}, REFUND: {CONFIRMED, UNKNOWN}},
    ),
    Fault(
        "counts that differ", miscount, "done", {UNKNOWN}, "the report processed 1 of the 2 that were sent",
        after=120, end=DONE
    ),
    Fault("gzip cut off", truncated, "submitted", {ACCEPTED}, "The last look failed: getFeedDocument: it is cut off",
        after=120, end=DONE),
    Fault(
        "a state not known here", strange, "processing", {ACCEPTED},
        "Amazon says 'ON_HOLIDAY', which is not known here", after=120,
        end={CANCEL: {CONFIRMED}, REFUND: {CONFIRMED}},
    ),
)  # fmt: skip


def screen(floor: Floor, batch: int) -> str:
    """The batch as the outbox draws it."""
    shown = floor.batch(batch)
    mine = [one for one in floor.made.batches.open_issues() if one.batch == batch]
    parts = [
        render_batch_line(shown, BatchContext(floor.clock.now(), floor.made.orders.zone, 120)),
        render_batch(shown, floor.made.orders.zone, mine),
    ]
    return "\n".join(part.plain for part in (*parts, *(render_row(row, None, 120) for row in errors_first(shown))))


@pytest.mark.parametrize("action", BOTH)
@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_what_goes_wrong(sim: Simulator, clock: FixedClock, tmp_path: Path, fault: Fault, action: Action) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    numbers = (1, 2) if action is CANCEL else (1001, 1002)
    orders = [floor.order_id(number) for number in numbers]
    batch = floor.commit(action, *numbers)
    fault.arrange(floor)
    said = ""
    try:
        floor.dispatch_quickly()
        if fault.after:
            floor.dispatch(fault.after)
    except SpApiError as error:
        said = error_message(error)
    attempts = floor.made.context.store.submissions.find(batch)
    assert (attempts[0].state if attempts else "", floor.states(batch)) == (fault.state, fault.rows)
    assert fault.words in said + screen(floor, batch)
    assert "upload it" not in screen(floor, batch)
    for _ in range(8):
        floor.dispatch(1800)
    floor.made.sync.sync()
    floor.clock.advance(3 * DAY)
    floor.made.sync.sync()
    assert [row.order_id for row in floor.batch(batch).rows] == orders, "nothing is lost"
    ends = fault.rows if fault.end is None else fault.end[action]
    assert floor.states(batch) <= ends
    effects = Counter(one for feed in sim.amazon.feeds.values() for one in feed.effects)
    assert all(count == 1 for count in effects.values()), "nothing is done twice"
    assert len(sim.amazon.posts) <= fault.posts
    done = {row.order_id for row in floor.batch(batch).rows if row.state is CONFIRMED}
    assert done <= set(effects), "nothing is called confirmed that was not done"
    assert "chain unbroken" in floor.made.audit.verify()


def test_the_table_has_every_fault_of_the_switchboard_and_more() -> None:
    from support.simulator.faults import FAULTS

    assert {"html503", "empty502", "drop", "drop_after", "hang", "hang_after", "throttle", "unauthorized"} <= set(
        FAULTS
    )
    assert len({fault.name for fault in TABLE}) == len(TABLE) == 15
