"""The policies in force: verdicts, explanations, costs and settings for each marketplace.

A policy that has any problem was refused as a whole when it was read (`edition`, `house_rules`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ordertui.orders.enums import Action, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money
from ordertui.rules.auto_cancel import AutoCancelSchedule
from ordertui.rules.problems import PolicyError, PolicyProblem
from ordertui.rules.situation import Situation, situation_indexes, situation_number
from ordertui.rules.tables.explanation import Explanation, Verdict, deciding_facts, nearest_allowed_row
from ordertui.rules.tables.table import Row, Table

from .bundled import EDITIONS
from .edition import ENGLISH, MARKETPLACE, PolicyData, load_edition
from .house_rules import HousePolicy, HouseRule
from .settings import Entry, PolicyValues, Setting

DEFAULT = "US"
"""Marketplace whose policy applies to orders of an unknown marketplace."""

__all__ = ["EDITIONS", "Policies", "Policy", "PolicyError", "PolicyProblem", "Setting", "load_policies"]


class Policy:
    """The rules of one marketplace at one time."""

    def __init__(
        self, marketplace: str, data: PolicyData, day: date, own: Mapping[str, Entry], rules: Sequence[HouseRule]
    ) -> None:
        self.marketplace = marketplace
        self.edition = data.edition
        self.house_rules = tuple(rules)
        """The seller's own rules, in the order of the file."""
        self._data = data
        self._marketplace_index = MARKETPLACE.values.index(marketplace)
        self._tables = {name: table.on(day) for name, table in data.tables.items()}
        self._settings = data.settings_of(marketplace, day, own)
        market = MARKETPLACES[marketplace]
        self.zone = market.zone
        """IANA zone in which the window's days begin and end."""
        self.values = PolicyValues(**{name: setting.raw for name, setting in self._settings.items()})
        self._auto_cancels = [
            AutoCancelSchedule(delay, market.zone, market.country)
            for delay in (self.values.auto_cancel_earliest, self.values.auto_cancel)
        ]
        self._verdict_tables = [
            self._tables[name] for name in (*(action.value for action in _ACTIONS), "counts", "warn")
        ]
        self._verdicts_by_hits: dict[tuple[int, ...], tuple[Verdict, ...]] = {}
        """Verdicts by the rows that fit: many situations share one answer."""
        self.decision_signature = decision_signature(self._tables, marketplace)
        """Equal for policies that give the same verdict in every situation."""
        self._verdicts: dict[int, tuple[Verdict, ...]] = {}
        self._history: dict[int, YesNo] = {}
        self._explained: dict[tuple[int, Action], Explanation] = {}

    def verdicts(self, situation: Situation) -> tuple[Verdict, ...]:
        """Return one verdict for each action, in the order of Action."""
        number = situation_number(situation)
        found = self._verdicts.get(number)
        if found is None:
            found = self._verdicts[number] = self._decide(situation)
        return found

    def verdict(self, situation: Situation, action: Action) -> Verdict:
        """Return the verdict for one action."""
        return self.verdicts(situation)[_ACTIONS.index(action)]

    def _decide(self, situation: Situation) -> tuple[Verdict, ...]:
        indexes = [*situation_indexes(situation), self._marketplace_index]
        hits = tuple(table.hits(indexes) for table in self._verdict_tables)
        found = self._verdicts_by_hits.get(hits)
        if found is None:
            found = self._verdicts_by_hits[hits] = self._make_verdicts(hits)
        return found

    def _make_verdicts(self, hits: Sequence[int]) -> tuple[Verdict, ...]:
        *acting, counts, warn = zip(self._verdict_tables, hits, strict=True)
        rows = {action: table.only_row(hit) for action, (table, hit) in zip(_ACTIONS, acting, strict=True)}
        counting = counts[0].only_row(counts[1])
        warnings = [row.why for row in warn[0].rows_of(warn[1])]
        found = []
        for action, row in rows.items():
            instead = row.then.get("instead")
            cancel = action is Action.CANCEL
            found.append(
                Verdict(
                    action=action,
                    allowed=row.then["allowed"] is True,
                    counts=YesNo(counting.then["counts"]) if cancel else YesNo.NO,
                    rule=row.id,
                    why=row.why,
                    source=self._data.cite(row.source, self.marketplace),
                    instead=Action(instead) if instead and rows[Action(instead)].then["allowed"] is True else None,
                    counts_rule=counting.id if cancel else "",
                    counts_why=counting.why if cancel else "",
                    note="; ".join(note for note in (row.note, *warnings) if note),
                    short=row.short or row.why.partition(":")[0],
                )
            )
        return tuple(found)

    def explain(self, situation: Situation, action: Action) -> Explanation:
        """Return the verdict with the deciding facts, and for a denied action the nearest row that allows it."""
        key = (situation_number(situation), action)
        found = self._explained.get(key)
        if found is None:
            found = self._explained[key] = self._explain(situation, action)
        return found

    def _explain(self, situation: Situation, action: Action) -> Explanation:
        values = (*situation, self.marketplace)
        verdict = self.verdict(situation, action)
        table = self._tables[action.value]
        history = situation.status == "cancelled"
        counting = self._tables["history" if history else "counts"]
        row = counting.row(values) if action is Action.CANCEL and (history or verdict.allowed) else None
        return Explanation(
            action=action,
            allowed=verdict.allowed,
            rule=verdict.rule,
            why=verdict.why,
            because=deciding_facts(table, table.row(values), values),
            source=verdict.source,
            note=verdict.note,
            instead=verdict.instead,
            counts=YesNo(row.then["counts"]) if row else None,
            counts_rule=row.id if row else "",
            counts_why=row.why if row else "",
            counts_because=deciding_facts(counting, row, values) if row else (),
            counts_source=self._data.cite(row.source, self.marketplace) if row else "",
            nearest=None if verdict.allowed else nearest_allowed_row(table, values),
        )

    def counts_history(self, situation: Situation) -> YesNo:
        """Return whether a cancelled order counts; UNKNOWN when no report says who cancelled it."""
        number = situation_number(situation)
        found = self._history.get(number)
        if found is None:
            row = self._tables["history"].row((*situation, self.marketplace))
            found = self._history[number] = YesNo(row.then["counts"])
        return found

    def restocks(self, reason: str) -> tuple[YesNo, str]:
        """Return whether Amazon puts the units of an order cancelled for this reason back on sale, and why."""
        row = self._tables["restock"].row((reason, self.marketplace))
        return YesNo(row.then["restocks"]), row.why

    def mails(self, action: Action) -> int:
        """Return how many e-mails Amazon sends to the buyer of one order."""
        return int(self._tables["mail"].row((action.value, self.marketplace)).then["mails"])

    def referral_fee_percent(
        self, action: Action, counts: bool, days_late: int | None, total: Money | None
    ) -> tuple[int | None, str]:
        """Return Amazon's charge in percent of the referral fee, and why. `days_late`: begun days past ship-by.

        None: a source names a charge, and not how much it is.
        """
        values = (action.value, self.marketplace, "yes" if counts else "no", days_late, total)
        row = self._tables["fees"].row(values)
        percent = row.then.get("referral_fee_percent")
        return None if percent is None else int(percent), row.why

    def auto_cancel_at(self, ship_by: int) -> int | None:
        """Return when Amazon cancels an unconfirmed order with this ship-by time at the earliest; None: unknown.

        Both are epoch seconds. Where sources differ, the careful one acts; `latest_auto_cancel_at` is the other.
        """
        return min(self._auto_cancel_times(ship_by), default=None)

    def latest_auto_cancel_at(self, ship_by: int) -> int | None:
        """Return when Amazon cancels an unconfirmed order at the latest, by the other source."""
        return max(self._auto_cancel_times(ship_by), default=None)

    def _auto_cancel_times(self, ship_by: int) -> list[int]:
        return [at for schedule in self._auto_cancels if (at := schedule.at(ship_by)) is not None]

    def hold_seconds(self, action: Action) -> int:
        """Return how long a committed batch is held."""
        return self.values.hold_minutes[action.value] * 60

    def message_text(self, kind: str) -> str:
        """Return a text for the buyer, of a kind in `edition.MESSAGES`, in the marketplace's language."""
        return self._data.messages[self.message_language][kind]

    @property
    def message_language(self) -> str:
        """The language of texts for buyers, such as `de`; English when the edition has none for the marketplace."""
        return self._data.languages.get(self.marketplace, ENGLISH)

    def settings(self) -> list[Setting]:
        """Return every setting in force, with its source and the day on which that was read."""
        return list(self._settings.values())

    def stale(self, now: int) -> list[Setting]:
        """Return Amazon's settings that were read too long ago and should be looked up again. `now`: epoch seconds."""
        today = datetime.fromtimestamp(now, UTC).date()
        return [
            s
            for s in self._settings.values()
            if s.source_id != "house" and (today - s.checked_on).days > self._data.shelf_life_days
        ]

    def rows(self) -> list[tuple[str, Row, str]]:
        """Return every row in force: name of its table, row, source as text."""
        return [
            (name, row, self._data.cite(row.source, self.marketplace))
            for name, table in self._tables.items()
            for row in table.rows
        ]

    def table(self, name: str) -> Table:
        """Return a table as it is in force."""
        return self._tables[name]

    def conditions(self, table: str, row: Row) -> str:
        """Return the condition of a row, as text."""
        axes = self._tables[table].axes
        named = [axis.describe(mask) for axis, mask in zip(axes, row.box, strict=True) if mask != axis.full]
        return ", ".join(named) or "always"


_ACTIONS = tuple(Action)
_DECIDING = (*(action.value for action in Action), "counts", "history", "warn")


def decision_signature(tables: Mapping[str, Table], marketplace: str) -> tuple[object, ...]:
    """Return which rows can apply to a marketplace, for the tables about orders: what tells two marketplaces apart."""
    bit = 1 << MARKETPLACE.values.index(marketplace)
    return tuple(tuple(row.id for row in tables[name].rows if row.box[-1] & bit) for name in _DECIDING)


class Policies:
    """The policies of all marketplaces, of one edition and the seller's own rules. `now` decides which are in force."""

    def __init__(self, data: PolicyData, house: HousePolicy, now: Callable[[], int]) -> None:
        self.edition = data.edition
        self.title = data.title
        self.checked = data.checked
        self.house = house
        self._data = data
        self._now = now
        self._change_days = data.change_days()
        self._change_times: dict[str, list[int]] = {}
        """By marketplace the epoch seconds of its midnight on each change day."""
        self._known: dict[tuple[str, int], Policy] = {}
        self._newest: dict[str, tuple[int, Policy]] = {}
        """By marketplace the second that was asked for last, and its policy: an order asks four times."""

    @property
    def marketplaces(self) -> Sequence[str]:
        """Marketplace codes that have a policy."""
        return tuple(MARKETPLACES)

    def of(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace as of now; for an unknown code DEFAULT's, whose `marketplace` tells so."""
        now = self._now()
        at, known = self._newest.get(marketplace, (-1, None))
        if known is not None and at == now:
            return known
        code = marketplace if marketplace in MARKETPLACES else DEFAULT
        times = self._change_times.get(code)
        if times is None:
            zone = ZoneInfo(MARKETPLACES[code].zone)
            days = [datetime(d.year, d.month, d.day, tzinfo=zone) for d in self._change_days]
            times = self._change_times[code] = [int(day.timestamp()) for day in days]
        era = bisect_right(times, now)
        found = self._known.get((code, era))
        if found is None:
            day = self._change_days[era - 1] if era else date.min
            own = self.house.settings_of(code)
            found = Policy(code, self._data, day, own, self.house.rules)
            self._known[code, era] = found
        if marketplace == code:  # few; an unknown name may be any
            self._newest[code] = now, found
        return found


def load_policies(edition: str = "amazon", house: HousePolicy | None = None, *, now: Callable[[], int]) -> Policies:
    """Return the policies of a bundled edition with the seller's own. `now` gives epoch seconds. Raises PolicyError."""
    return Policies(load_edition(edition), house or HousePolicy(), now)
