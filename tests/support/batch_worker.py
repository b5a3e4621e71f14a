"""One process at work on a store until it is stopped or killed: answers in, reports in, commits, holds, dispatches.

python batch_worker.py STORE INBOX SEED [asked]

It says on stdout, one line each and at once, what it knows to be done: `committed 3 ORDER ORDER`, `sent 3`, `waited
0.05`, `loser WHY`. Reports wait in INBOX as `BATCH-anything.txt`, order reports as `orders-anything.txt`, and what
Amazon did of a batch as `BATCH.truth`, a line for each order: ORDER done, or ORDER failed. `asked`, it does three
things for each line of stdin, which is a seed, and then says `ended`.
"""

from __future__ import annotations

import random
import sys
import time
from functools import partial
from pathlib import Path

from ordertui.operations.config import Config
from ordertui.operations.errors import OperationError, PlanChanged
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import PlanLine
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import SystemClock
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts
from ordertui.store import ActionAlreadyOpen, StoreError


def say(*words: object) -> None:
    print(*words, flush=True)


def lost(error: Exception) -> None:
    """Somebody else was faster: say who and when, as the error does."""
    if isinstance(error, ActionAlreadyOpen):
        say("loser", error)
    elif isinstance(error, PlanChanged):
        for difference in error.differences:
            if "already holds" in difference:
                say("loser", difference)


def commit(session: Session, rng: random.Random) -> None:
    """Hold a few random orders; a part of a refund, so that the next one has something left to give."""
    action = rng.choice((Action.CANCEL, Action.REFUND))
    ids = list(
        session.orders.find("status:unshipped" if action is Action.CANCEL else "status:shipped channel:merchant")
    )
    chosen = rng.sample(ids, min(len(ids), rng.randint(1, 4)))
    refunds = {}
    if action is Action.REFUND and rng.random() < 0.7:
        for order in session.context.reader().orders.get(chosen).values():
            line = order.lines[0]
            part = LineAmounts(item_price=rng.choice((300, 500)))
            refunds[order.row.order_id] = (PlanLine(1, line.order_item_id or "", line.sku, 1, part),)
    for plan in session.planner.plan(action, chosen, PlanChoices(refunds=refunds)):
        if plan.rows:
            batch = session.batches.commit(plan, typed=str(len(plan.rows)))
            say("committed", batch.id, *(row.order_id for row in plan.rows))


def bring(session: Session, inbox: Path, rng: random.Random) -> None:
    """Take in one file of the inbox."""
    path = rng.choice(sorted(inbox.glob("*.txt")) or [None])
    if path is not None and path.name.startswith("orders-"):
        session.imports.import_files([path])
    elif path is not None:
        batch = int(path.name.split("-")[0])
        session.results.take_in([path], batch, [f"batch-{other}" for other in range(1, 1_000)])


def leave(session: Session, rng: random.Random) -> None:
    """End a hold, or take a batch back; then let leave what is due."""
    held = [batch.id for batch in session.batches.find() if batch.state is BatchState.HELD]
    if held and rng.random() < 0.2:
        session.batches.recall(rng.choice(held))
    elif held:
        session.batches.release(rng.choice(held))
    for batch in session.dispatcher.run():
        say("sent", batch.id)


def retry(session: Session, rng: random.Random) -> None:
    """Try the failed rows of a batch again."""
    answered = [batch.id for batch in session.batches.find() if batch.state is BatchState.ANSWERED]
    if answered:
        for plan in session.batches.retry(rng.choice(answered)):
            if plan.rows:
                batch = session.batches.commit(plan, typed=str(len(plan.rows)))
                say("committed", batch.id, *(row.order_id for row in plan.rows))


def settle(session: Session, inbox: Path, rng: random.Random) -> None:
    """Say of an order what Amazon did, as somebody does who looked there."""
    path = rng.choice(sorted(inbox.glob("*.truth")) or [None])
    if path is not None:
        order, outcome = rng.choice(path.read_text(encoding="utf-8").splitlines()).split()
        session.batches.settle(int(path.stem), [order], done=outcome == "done", why="looked there", typed="1")
        say("settled", path.stem, order, outcome)


def act(session: Session, inbox: Path, rng: random.Random) -> None:
    """Do one thing."""
    started = time.monotonic()
    steps = (partial(bring, inbox=inbox), commit, commit, leave, leave, retry, partial(settle, inbox=inbox))
    try:
        rng.choice(steps)(session, rng=rng)
    except (OperationError, StoreError) as error:
        lost(error)
    say("waited", round(time.monotonic() - started, 3))


def main(store: str, inbox: str, seed: str, is_asked: str = "") -> None:
    rng = random.Random(int(seed))
    place = store if "://" in store else Path(store)
    with Session.open(place, clock=SystemClock(), config=Config(operator=f"worker-{seed}")) as session:
        say("ready")
        while not is_asked:
            act(session, Path(inbox), rng)
        for line in sys.stdin:
            rng.seed(int(line))
            for _ in range(3):
                act(session, Path(inbox), rng)
            say("ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
