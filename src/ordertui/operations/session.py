"""The shop: one store, its policies and its outbox, with everything an operator can do. Screen and command line use only this.

What looking at orders does not need is imported by the method that needs it, so that the first orders are soon on the screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import Clock
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.order import LineAmounts, Order
from ordertui.store import Store

from .after import AfterPart
from .config import Config, current_operator, default_store, load_config
from .desk_part import DeskPart
from .errors import BadInput, ReadOnly, Refused
from .live import LivePart
from .look_part import LookPart
from .rate_part import RatePart
from .values import Due, DueStep, ImportSummary

if TYPE_CHECKING:
    from ordertui.rules.policy.policy import Policies

    from .batches.committer import Committer
    from .dispatch.file_dispatcher import Dispatcher
    from .eligibility import Eligibility
    from .planning.plan import Batch, Plan, PlanLine
    from .planning.planner import Planner
    from .policies import ActivePolicies
    from .rate.trend import RateTrend
    from .reports.importer import Progress, Stop
    from .results.model import ResultSummary

PRACTICE = "practice"
BUNDLED = Config()
"""Settings that name no rules but those that come with the program."""


class Session(AfterPart, LivePart, LookPart, DeskPart, RatePart):
    """Open with `Session.open`; close it, or use it as a context manager.

    Reading is safe from any thread: each thread gets its own reader, so a long count never holds up the screen.
    """

    def __init__(self, store: Store, *, clock: Clock, config: Config, practice: bool) -> None:
        self._store = store
        self.clock = clock
        self.config = config
        self.practice = practice
        self.read_only = store.read_only
        self.folder = store.path.parent
        self.outbox_dir = self.folder / "outbox"
        self._threads = threading.local()
        self._readers: list[Store] = []
        self._viewing: set[Store] = set()
        self._guard = threading.Lock()
        self._merchant = config.merchant_id or "MERCHANT-ID"
        if (config.policy, config.policy_file) != (BUNDLED.policy, BUNDLED.policy_file):
            _ = self._in_force  # what the operator chose himself is read at once: mistakes in it are said now

    @classmethod
    def open(
        cls,
        store_path: Path | None = None,
        *,
        clock: Clock,
        read_only: bool = False,
        practice: bool = False,
        config: Config | None = None,
    ) -> Session:
        """Open the store at a path (None: in the user's data folder), making it when it is not there.

        `practice` marks a new store as practice for good. Raises StoreError, PolicyError, BadInput (settings).
        """
        config = load_config() if config is None else config
        store = Store.open(
            store_path or default_store(), clock=clock, read_only=read_only, operator=current_operator(config)
        )
        try:
            if practice:
                store.set_meta(PRACTICE, "1")
            return cls(store, clock=clock, config=config, practice=store.meta(PRACTICE) == "1")
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the store and every reader; closing twice is harmless."""
        with self._guard:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        self._store.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reader(self) -> Store:
        """This thread's own connection."""
        mine: Store | None = getattr(self._threads, "reader", None)
        if mine is None:
            mine = self._store.reader()
            self._threads.reader = mine
            with self._guard:
                self._readers.append(mine)
        return mine

    def _writer(self) -> Store:
        if self.read_only:
            raise ReadOnly
        return self._store

    @cached_property
    def _in_force(self) -> ActivePolicies:
        from .policies import load_active_policies

        return load_active_policies(self.config, self._store, self.clock)

    @property
    def policies(self) -> Policies:
        """The policies in force: read and checked before the first decision is made, and not before the first orders are shown."""
        return self._in_force.policies

    @cached_property
    def _judge(self) -> Eligibility:
        from .eligibility import Eligibility

        return Eligibility(self.policies)

    @cached_property
    def _rates(self) -> RateTrend:
        from .rate.trend import RateTrend

        return RateTrend(self._reader, self._judge, self.clock)

    @cached_property
    def _planner(self) -> Planner:
        from .planning.planner import Planner

        return Planner(
            self._reader, self._judge, self._rates, self.clock, merchant_id=self._merchant, practice=self.practice
        )

    @cached_property
    def _committer(self) -> Committer:
        from .batches.committer import Committer

        return Committer(self._store, self._planner, self.clock, merchant_id=self._merchant, practice=self.practice)

    @cached_property
    def _dispatcher(self) -> Dispatcher:
        from .dispatch.file_dispatcher import Dispatcher

        return Dispatcher(
            self._store, self._planner, self.outbox_dir, merchant_id=self._merchant, practice=self.practice
        )

    # -- reports in

    def import_files(
        self,
        paths: Sequence[Path],
        *,
        encoding: str | None = None,
        marketplace: str | None = None,
        progress: Progress | None = None,
        stop: Stop = lambda: False,
    ) -> list[ImportSummary]:
        """Import Amazon's reports; see `importing.Importer.run`."""
        from .reports.importer import Importer

        importer = Importer(self._writer(), self._judge.auto_cancel_at, self.folder / "rejects")
        return importer.run(paths, encoding=encoding, marketplace=marketplace, progress=progress, stop=stop)

    # -- plan, commit, hold, dispatch, results

    @staticmethod
    def reasons(action: Action) -> tuple[str, ...]:
        """Reason codes that an action takes."""
        from .planning.planner import REASONS

        return REASONS[action]

    def refundable(self, order: Order) -> dict[int, LineAmounts]:
        """Line number to what may still be given back."""
        from .planning.lines import refundable

        return refundable(order)

    def plan(
        self,
        action: Action,
        ids: Sequence[int],
        *,
        reason: str = "",
        reasons: Mapping[str, str] | None = None,
        refunds: Mapping[str, Sequence[PlanLine]] | None = None,
        shipping: Mapping[str, tuple[str, str, str]] | None = None,
    ) -> tuple[Plan, ...]:
        """One plan per marketplace; nothing is changed. Raises UnknownReason, FeedError."""
        from .planning.planner import PlanChoices

        return self._planner.plan(action, ids, PlanChoices(reason, reasons or {}, refunds or {}, shipping or {}))

    def read_refunds(self, path: Path, ids: Sequence[int]) -> dict[str, tuple[PlanLine, ...]]:
        """Amounts to refund from a file, for `plan`; only orders among `ids`. Raises BadInput."""
        from .planning.choice_files import read_refunds

        orders = self._reader().orders.get(list(ids))
        return read_refunds(path, {order.row.order_id: order for order in orders.values()})

    @staticmethod
    def read_shipping(path: Path) -> dict[str, tuple[str, str, str]]:
        """Carrier, tracking number and ship date by order id from a file, for `plan`. Raises BadInput."""
        from .planning.choice_files import read_shipping

        return read_shipping(path)

    def save_plan(self, plans: Sequence[Plan], path: Path) -> None:
        """Write a plan file."""
        from .planning.plan_file import save_plans

        save_plans(plans, path, inside=self.folder if self.practice else None)

    def load_plan(self, path: Path) -> tuple[Plan, ...]:
        """Read a plan file. Raises BadInput."""
        from .planning.plan_file import load_plans

        return load_plans(path)

    def commit(self, plan: Plan, *, typed: str | None = None) -> Batch:
        """Put a plan into the hold; see `committing.Committer.commit`. Refused when the rules were edited meanwhile."""
        from .maintenance import detect_restored_backup
        from .policies import edited

        obstacle = detect_restored_backup(self._writer(), self.outbox_dir) or edited(self.config, self._in_force)
        if obstacle:
            raise Refused(obstacle)
        return self._committer.commit(plan, typed)

    def undo(self, what: int | str) -> int:
        """Take back a held batch, or one order of it; gives how many orders came back."""
        self._writer()
        return self._committer.recall(what)

    def release(self, batch_id: int) -> Batch:
        """End a hold now."""
        self._writer()
        return self._committer.release(batch_id)

    def outbox(self, *, open_only: bool = False) -> list[Batch]:
        """Batches, newest first, each with what to do next."""
        attempts = self._reader().submissions.find()
        return [self.shown(batch, attempts) for batch in self._reader().batches.find(open_only=open_only)]

    def next_due(self) -> Due | None:
        """When `dispatch` has something to do next: a hold ends, or a feed is to be looked at; None: nothing."""
        if self.by_api:
            return self.online.next_step()
        held = [
            Due(b.due_at, DueStep.HOLD_ENDS)
            for b in self._reader().batches.find(open_only=True)
            if b.state is BatchState.HELD
        ]
        return min(held, default=None)

    def dispatch(self, stop: Stop = lambda: False, note: Callable[[str], None] = lambda text: None) -> list[Batch]:
        """Let what is due leave, as files in the outbox folder or as feeds; gives the batches that left. `note` hears what waits."""
        self._writer()
        return self._outlet(self._dispatcher, note).run(stop)

    def results(self, paths: Sequence[Path], batch: int | None = None) -> list[ResultSummary]:
        """Take processing reports in."""
        from .results.reconciler import ResultReconciler

        return ResultReconciler(self._writer()).take_in(paths, batch)

    # -- the operator's own facts

    def set_dispatched(self, ids: Sequence[int], value: Dispatched) -> int:
        """Say whether parcels left; gives how many orders changed."""
        return self._writer().facts.set(ids, dispatched=value)

    def set_asked(self, ids: Sequence[int], asked: bool) -> int:
        """Say that buyers asked by message, or take that back; gives how many orders changed."""
        return self._writer().facts.set(ids, asked=asked)

    def message_text(self, order_id: str) -> str:
        """The text to send to the buyer. Raises BadInput, or Refused with the rule's reason."""
        order = self.order(order_id)
        if order is None:
            raise BadInput(f"no order {order_id} in this store")
        verdict = self._judge.verdict(order.row, Action.MESSAGE)
        if not verdict.allowed:
            raise Refused(f"{order_id}: {verdict.why} ({verdict.rule})")
        return self._planner.message(order)

    def message_language(self, order: Order) -> str:
        """The language of that text, such as `en`."""
        return self._judge.policy(order.row.marketplace).message_language
