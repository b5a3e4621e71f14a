"""Notifications of one store: what is worth telling now, and telling it, once to each receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain

import msgspec

from ordertui.operations.config import NotifyConfig, ReceiverConfig
from ordertui.operations.context import SessionContext
from ordertui.operations.errors import Refused, UnknownChoice
from ordertui.operations.query.orders import OrderQueries
from ordertui.operations.query.queues import within
from ordertui.orders.clock import CLOCK_SLACK_SECONDS, DAY, HOUR, to_local
from ordertui.orders.enums import AlertKind, NotificationState
from ordertui.orders.people import Permission
from ordertui.rules.language.errors import FilterError
from ordertui.store import Store
from ordertui.store.repositories.notifications import Notification

from .apprise_address import SendFailed, SendUnclear
from .finder import Alert, AlertFinder, AlertText, alert_text
from .receivers import HookPayload, send

RETRY_SECONDS = (60, 300, 900, 3_600, 3_600, 3_600, 3_600)
"""Seconds after each failed attempt before the next one; after the last one it is given up, some five hours later."""


def is_quiet(now: int, config: NotifyConfig) -> bool:
    """Return whether a moment is within the quiet hours: by the clock on a wall of their zone, whatever it jumps.

    So an hour that a clock change repeats is quiet twice, and one that it leaves out never comes.
    """
    if not config.quiet_from:
        return False
    wall = to_local(now, config.zone).strftime("%H:%M")
    begin, end = config.quiet_from, config.quiet_to
    return begin <= wall < end if begin < end else wall >= begin or wall < end


def waiting_reason(
    kind: AlertKind, config: NotifyConfig, recent: Sequence[tuple[AlertKind, int]], now: int, *, again: bool = False
) -> str:
    """Return why a receiver is not told of a kind now; empty when it may be.

    `recent`: kind and begin of the notifications that it got, of an hour and of the gap at least. `again`: it is a
    further attempt of one of these, which counts for nothing new.
    """
    if kind not in config.urgent and is_quiet(now, config):
        return f"quiet hours until {config.quiet_to} ({config.zone})"
    if again:
        return ""
    recent = [one for one in recent if one[1] <= now + CLOCK_SLACK_SECONDS]  # others are of a clock that was put back
    if sum(at > now - HOUR for _, at in recent) >= config.most_per_hour:
        return f"{config.most_per_hour} notifications in an hour are reached"
    if any(one is kind and at > now - config.gap_minutes * 60 for one, at in recent):
        return f"told together with what comes within {config.gap_minutes} min"
    return ""


def group_by_kind(alerts: Iterable[Alert]) -> dict[AlertKind, list[Alert]]:
    """Return alerts by kind, in the order of the kinds; of alerts with the same keys the first alone."""
    found: dict[AlertKind, dict[tuple[str, ...], Alert]] = {kind: {} for kind in AlertKind}
    for alert in alerts:
        found[alert.kind].setdefault(alert.keys, alert)
    return {kind: list(group.values()) for kind, group in found.items() if group}


def retry_at(attempts: int, now: int) -> int | None:
    """Return when to try again after so many failed attempts (epoch seconds); None: give up."""
    return now + RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None


LEASE_SECONDS = 10 * 60
"""How long a sender that says nothing is taken for alive: five times as long as a command may run."""
_Begin = Callable[[], Notification | None]
"""Begins a notification; None: not now."""
_NOT_TAKEN = frozenset({NotificationState.FAILED, NotificationState.GIVEN_UP, NotificationState.UNCLEAR})
_MOST_IDS = 50
"""Order ids that are looked for together with a filter; of more, all that fit the filter are."""
_LISTED_DAYS = 7


class AlertStatus(msgspec.Struct, frozen=True):
    """One alert for one receiver, and whether it was told."""

    alert: Alert
    receiver: str
    told: Notification | None
    """None: not yet; `waits` says why."""
    waits: str = ""


class Notifications:
    """Finds alerts and tells them. `send_due` may be called at any time, by any number of processes.

    At most one message for each alert and receiver: it is noted as told before it is sent. A process that dies between
    these leaves a notification that is `unclear` and not sent again. A receiver that says no is asked again.
    """

    def __init__(self, context: SessionContext, orders: OrderQueries, finder: AlertFinder) -> None:
        self._context = context
        self._orders = orders
        self._finder = finder
        self._config: NotifyConfig = context.config.notify
        self._receivers = {one.name: one for one in self._config.receivers}

    def collect(self) -> list[Alert]:
        """Return every alert that is true now, whatever was told."""
        return self._finder.find()

    def unknowns(self) -> list[str]:
        """Return what cannot be watched, because it is not known, and why."""
        return self._finder.unknowns()

    def send_due(self, stop: Callable[[], bool] = lambda: False) -> list[Notification]:
        """Tell each receiver what it was not told yet and may be told now; return what was tried, as it ended.

        A receiver that does not take one comes last with its others: it may make each wait for `command_seconds`.
        `stop` is asked between two notifications, and while one is sent, which is `unclear` then. Raises Refused for a
        practice store and for one that may be a copy, RoleRefused, ReadOnly, StoreError.
        """
        store = self._writer()
        if not self._receivers:
            return []
        self._context.copies.require_original()
        found: list[Notification] = []
        last: list[tuple[ReceiverConfig, _Begin]] = []
        for receiver, begin in chain(self._again(store), self._new(store), last):
            is_failing = any(one.receiver == receiver.name and one.state in _NOT_TAKEN for one in found)
            if is_failing and not any(begin is one for _, one in last):
                last.append((receiver, begin))
                continue
            begun = None if stop() else begin()
            if begun is not None:
                found.append(self._send(store, receiver, begun, stop))
        return found

    def _new(self, store: Store) -> Iterator[tuple[ReceiverConfig, _Begin]]:
        """Yield what was not told yet, by receiver and kind."""
        alerts = self.collect()
        for receiver in self._receivers.values():
            for kind, group in group_by_kind(self._wanted(receiver, alerts)).items():
                yield receiver, partial(self._begin, store, receiver, kind, group)

    def test(self, name: str | None = None, stop: Callable[[], bool] = lambda: False) -> list[tuple[str, str]]:
        """Send a test to one receiver or to all; return each with why it failed, empty when it was taken.

        Nothing is noted, and quiet hours do not count. `stop` ends what is being sent, and the others are not tried.
        Raises Refused, UnknownChoice.
        """
        self._writer()
        if name is not None and name not in self._receivers:
            raise UnknownChoice("receiver", name, tuple(self._receivers))
        shop = self._context.config.shop_name
        title = "Test of ordertui's notifications"
        payload = HookPayload(
            "test", AlertKind.FILE_TO_UPLOAD, f"{shop}: {title}" if shop else title,
            "Nothing happened: somebody tries whether this arrives.", 0, (), (), False, 1, is_test=True,
        )  # fmt: skip
        found = []
        for receiver in [self._receivers[name]] if name is not None else self._receivers.values():
            if stop():
                break
            try:
                send(receiver, payload, self._config.command_seconds, stop)
                found.append((receiver.name, ""))
            except (SendFailed, SendUnclear) as error:
                found.append((receiver.name, str(error)))
        return found

    def status(self) -> list[AlertStatus]:
        """Return each alert that is true now for each receiver that wants it, and whether it was told."""
        store, alerts, now = self._context.reader(), self.collect(), self._context.clock.now()
        found = []
        for receiver in self._receivers.values():
            wanted = [one for group in group_by_kind(self._choose(receiver, alerts)).values() for one in group]
            told = store.notifications.told(receiver.name, [key for alert in wanted for key in alert.keys])
            notifications = store.notifications.get(set(told.values()))
            recent = store.notifications.recent(receiver.name, now - self._looks_back)
            for alert in wanted:
                if told.keys() >= set(alert.keys):
                    last = max(told[key] for key in alert.keys)
                    found.append(AlertStatus(alert, receiver.name, notifications[last]))
                else:
                    waits = waiting_reason(alert.kind, self._config, recent, now) or "told next"
                    found.append(AlertStatus(alert, receiver.name, None, waits))
        return found

    def recent(self) -> list[Notification]:
        """Return the notifications of the last seven days, newest first."""
        return self._context.reader().notifications.find(self._context.clock.now() - _LISTED_DAYS * DAY)

    def _writer(self) -> Store:
        if self._context.is_practice:
            raise Refused("this is a practice store: nobody is notified of what it holds")
        return self._context.writer(Permission.WORK)

    @property
    def _looks_back(self) -> int:
        """Seconds of which the notifications decide whether another one may be sent."""
        return max(HOUR, self._config.gap_minutes * 60)

    def _wanted(self, receiver: ReceiverConfig, alerts: Sequence[Alert]) -> list[Alert]:
        """Return the alerts that a receiver wants and was not told."""
        by_rule = [alert for alert in alerts if _fits_rule(receiver, alert)]
        return self._choose(receiver, _not_told(self._context.reader(), receiver, by_rule)[0])

    def _choose(self, receiver: ReceiverConfig, alerts: Sequence[Alert]) -> list[Alert]:
        """Return the alerts that fit the rules of a receiver: kinds, marketplaces, filter."""
        by_rule = [alert for alert in alerts if _fits_rule(receiver, alert)]
        if not receiver.filter.strip():
            return by_rule
        fitting = self._fitting(receiver.filter, {order for alert in by_rule for order in alert.orders})
        return [alert for alert in by_rule if not alert.orders or not fitting.isdisjoint(alert.orders)]

    def _fitting(self, filter_text: str, order_ids: Iterable[str]) -> set[str]:
        """Return those of these orders that fit a filter."""
        numbers = self._context.reader().orders.ids_of(order_ids)
        if not numbers:
            return set()
        ids = " or ".join(f"id:{one}" for one in sorted(numbers))
        try:
            found = set(self._orders.find(within(filter_text, ids) if len(numbers) <= _MOST_IDS else filter_text))
        except FilterError:  # each may stand alone, and both together are more than a filter may be
            found = set(self._orders.find(filter_text))
        return {order_id for order_id, number in numbers.items() if number in found}

    def _begin(
        self, store: Store, receiver: ReceiverConfig, kind: AlertKind, alerts: Sequence[Alert]
    ) -> Notification | None:
        """Note alerts of one kind as told, in one transaction with the look that allows it; None: not now."""
        with store.write(quiet=True):
            now = self._context.clock.now()
            left, keys = _not_told(store, receiver, alerts)
            recent = store.notifications.recent(receiver.name, now - self._looks_back)
            if not left or waiting_reason(kind, self._config, recent, now):
                return None
            content = msgspec.json.encode(alert_text(left, self._context.config.shop_name, now)).decode()
            return store.notifications.begin(receiver.name, kind, content, keys, at=now, until=now + LEASE_SECONDS)

    def _again(self, store: Store) -> Iterator[tuple[ReceiverConfig, _Begin]]:
        """Yield what failed and is due again, after marking as unclear what nobody noted the end of."""
        log, now = store.notifications, self._context.clock.now()
        with store.write(quiet=True):
            log.end_leases(now, LEASE_SECONDS)
        for failed in log.failed(now, max(RETRY_SECONDS)):
            receiver = self._receivers.get(failed.receiver)  # None: the settings name it no more
            if receiver is not None and not waiting_reason(failed.kind, self._config, (), now, again=True):
                yield receiver, partial(self._begin_again, store, failed)

    def _begin_again(self, store: Store, failed: Notification) -> Notification | None:
        """Begin the next attempt of one that failed; None when another process was faster."""
        with store.write(quiet=True):
            return store.notifications.begin_again(failed, until=self._context.clock.now() + LEASE_SECONDS)

    def _send(
        self, store: Store, receiver: ReceiverConfig, begun: Notification, stop: Callable[[], bool]
    ) -> Notification:
        """Send a notification that was begun, and note how that went."""
        text = msgspec.json.decode(begun.content, type=AlertText)
        payload = HookPayload(
            f"{store.identity.id}-{begun.id}", begun.kind, text.title, text.body, text.count, text.first,
            text.marketplaces, begun.kind in self._config.urgent, begun.attempts,
        )  # fmt: skip
        state, note, until = NotificationState.DELIVERED, "", None
        try:
            send(receiver, payload, self._config.command_seconds, stop)
        except SendUnclear as error:
            state, note = NotificationState.UNCLEAR, str(error)
        except SendFailed as error:
            note, until = str(error), retry_at(begun.attempts, self._context.clock.now())
            state = NotificationState.GIVEN_UP if until is None else NotificationState.FAILED
        with store.write(quiet=True):
            return store.notifications.finish(begun, state, note=note, until=until)


def _fits_rule(receiver: ReceiverConfig, alert: Alert) -> bool:
    """Return whether kind and marketplace of an alert are those that a receiver wants."""
    return (not receiver.kinds or alert.kind in receiver.kinds) and (
        not receiver.marketplaces or not alert.marketplace or alert.marketplace in receiver.marketplaces
    )


def _not_told(store: Store, receiver: ReceiverConfig, alerts: Sequence[Alert]) -> tuple[list[Alert], list[str]]:
    """Return the alerts of which a receiver was not told everything, and the keys that it was not told."""
    told = store.notifications.told(receiver.name, [key for alert in alerts for key in alert.keys])
    left = [alert for alert in alerts if not told.keys() >= set(alert.keys)]
    return left, [key for key in dict.fromkeys(key for alert in left for key in alert.keys) if key not in told]
