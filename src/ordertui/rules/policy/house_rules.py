"""Read and check house rules: the seller's own policy file. A rule is a filter with an effect, and can only tighten.

The effects form a chain, `none < warn < typed_confirmation < approval < deny`, and what counts for an order is the
strictest of all that apply; there is no effect that allows, so a rule can never grant what Amazon's rules refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.language import FilterError
from ordertui.rules.language import parse as parse_filter
from ordertui.rules.language.ast import Condition, comparisons
from ordertui.rules.language.fields import PLAN_FIELDS
from ordertui.rules.period import ALWAYS_IN_FORCE, Period, is_day
from ordertui.rules.problems import PolicyError, PolicyProblem, PolicySource, did_you_mean
from ordertui.rules.tables.table import Table
from ordertui.rules.toml_positions import TomlPath

from . import satisfiability
from .bundled import parse_toml
from .edition import PolicyData
from .settings import OWN_SETTINGS, SETTINGS, Entry, format_setting


class Effect(StrEnum):
    """Effects of a house rule, least strict first."""

    WARN = "warn"
    TYPED = "typed_confirmation"
    APPROVAL = "approval"
    """The batch waits until somebody other than who committed it approves it."""
    DENY = "deny"


_STRICTNESS = tuple(Effect)
_KEYS = ("id", "when", "effect", "why", "action", "from", "until")
ACTIONS = (Action.CANCEL, Action.REFUND, Action.CONFIRM)
"""Actions of batches: the ones that a house rule can restrict."""
SHORTAGE_KEYS = ("protect", "prefer")
BUDGET_SPANS = ("day", "week")
"""A week begins on Monday; both are of the marketplace's zone."""
MOST_BUDGET = 1_000_000
_LOOSENING = ("allow", "allowed", "permit", "grant", "ok", "none")
"""Effects that people write in the hope of allowing something."""


class HouseRule(msgspec.Struct, frozen=True):
    """One rule of the seller."""

    id: str
    text: str
    """The condition, in the language of the filter bar."""
    effect: Effect
    why: str
    actions: tuple[Action, ...]
    asks_batch: bool
    """Whether the condition asks for facts of the whole batch."""
    period: Period = ALWAYS_IN_FORCE
    path: TomlPath = ()

    def condition(self, *, now: int, zone: str) -> Condition:
        """Return the condition as it is read at a moment (epoch seconds) in a named zone."""
        return parse_filter(self.text, now=now, zone=zone, plan=True)


class CancellationBudget(msgspec.Struct, frozen=True):
    """At most so many counting cancellations are to be committed in a span."""

    span: str
    """One of BUDGET_SPANS."""
    most: int
    effect: Effect

    def rule(self, used: int, after: int) -> HouseRule:
        """Return what applies to the counting orders of a batch that takes the span from `used` to `after`."""
        span, when = ("a day", "today") if self.span == "day" else ("a week", "this week")
        return HouseRule(
            id=f"budget-{self.span}",
            text=f"[budget] {self.span} = {self.most}",
            effect=self.effect,
            why=f"over the budget of {self.most:,} counting cancellations {span}: {used:,} are committed {when},"
            f" {after:,} with this batch",
            actions=(Action.CANCEL, Action.REFUND),
            asks_batch=True,
        )


class Budgets(msgspec.Struct, frozen=True):
    """The budgets of one section of a policy file."""

    most: Mapping[str, int] = msgspec.field(default_factory=dict)
    """By span."""
    effect: Effect | None = None
    """None: not said."""


class HousePolicy(msgspec.Struct, frozen=True):
    """A seller's policy file, checked."""

    file: str = ""
    rules: tuple[HouseRule, ...] = ()
    settings: Mapping[str, Entry] = msgspec.field(default_factory=dict)
    by_marketplace: Mapping[str, Mapping[str, Entry]] = msgspec.field(default_factory=dict)
    protect: tuple[str, ...] = ()
    """Conditions of orders that a shortage cancels last."""
    prefer: tuple[str, ...] = ()
    """Conditions of orders that a shortage cancels first, of those that count alike."""
    budgets: Mapping[str, Budgets] = msgspec.field(default_factory=dict)
    """By marketplace; those of every marketplace under an empty code."""

    def settings_of(self, code: str) -> dict[str, Entry]:
        """Return the seller's values for a marketplace."""
        return {**self.settings, **self.by_marketplace.get(code, {})}

    def budgets_of(self, code: str) -> tuple[CancellationBudget, ...]:
        """Return the budgets of a marketplace: its own numbers, and those of every marketplace where it has none."""
        every, own = (self.budgets.get(name, Budgets()) for name in ("", code))
        most, effect = {**every.most, **own.most}, own.effect or every.effect or Effect.WARN
        return tuple(CancellationBudget(span, most[span], effect) for span in BUDGET_SPANS if span in most)


def asks_batch(condition: Condition) -> bool:
    """Return whether a condition asks for a fact of the whole batch."""
    return any(one.field in PLAN_FIELDS for one in comparisons(condition))


def read_house_policy(text: str, file: str, base: PolicyData, *, now: int) -> HousePolicy:
    """Return a seller's policy file on top of an edition. `now`: for dates in conditions. Raises PolicyError."""
    data, source = parse_toml(text, file), PolicySource(file, text)
    reader = HousePolicyReader(base, source, now)
    house = reader.read(data)
    if reader.problems:
        raise PolicyError(reader.problems)
    return house


class HousePolicyReader:
    """Reads one policy file; `problems` lists every mistake."""

    def __init__(self, base: PolicyData, source: PolicySource, now: int) -> None:
        self.problems: list[PolicyProblem] = []
        self._source = source
        self._now = now
        day = datetime.fromtimestamp(now, UTC).date()
        self._tables: dict[str, Table] = {name: table.on(day) for name, table in base.tables.items()}

    def _add_problem(self, message: str, path: TomlPath, *, key: bool = False, inside: int | None = None) -> None:
        self.problems.append(self._source.problem(message, path, key=key, inside=inside))

    def read(self, data: Mapping[str, object]) -> HousePolicy:
        """Return the policy; it is whole only when there is no problem."""
        sections = ("settings", "marketplace", "rule", "shortage", "budget")
        self.problems += self._source.unknown("unknown section", data, sections, ())
        markets = {}
        for code, values in self._read_table(data.get("marketplace", {}), ("marketplace",)).items():
            self.problems += self._source.unknown("there is no marketplace", [code], MARKETPLACES, ("marketplace",))
            markets[code] = self._read_settings(values, ("marketplace", code))
        settings = self._read_settings(data.get("settings", {}), ("settings",))
        entries = data.get("rule", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._add_problem("rules are written as [[rule]]", ("rule",))
            entries = []
        rules: list[HouseRule] = []
        for number, entry in enumerate(entries):
            before = len(self.problems)
            rule = self._read_rule(entry, ("rule", number))
            if len(self.problems) == before and rule is not None:
                if any(rule.id == other.id for other in rules):
                    self._add_problem(f"house rule {rule.id}: this id is used twice", (*rule.path, "id"), inside=0)
                else:
                    rules.append(rule)
        if not self.problems:
            self._check_conflicts(rules)
        lists = self._read_table(data.get("shortage", {}), ("shortage",))
        self.problems += self._source.unknown("shortage: unknown key", lists, SHORTAGE_KEYS, ("shortage",))
        protect, prefer = (self._read_conditions(lists.get(key, []), ("shortage", key)) for key in SHORTAGE_KEYS)
        budget = self._read_table(data.get("budget", {}), ("budget",))
        own = {code: values for code, values in budget.items() if code in MARKETPLACES}
        return HousePolicy(
            self._source.file, tuple(rules), settings, markets, protect, prefer,
            {
                "": self._read_budgets({key: value for key, value in budget.items() if key not in own}, ("budget",)),
                **{code: self._read_budgets(values, ("budget", code)) for code, values in own.items()},
            },
        )  # fmt: skip

    def _read_budgets(self, data: object, path: TomlPath) -> Budgets:
        """Return the numbers and the effect of one section."""
        values = self._read_table(data, path)
        words = [effect.value for effect in Effect]
        known = (*BUDGET_SPANS, "effect", *(MARKETPLACES if len(path) == 1 else ()))
        self.problems += self._source.unknown("budget: unknown key", values, known, path)
        found: dict[str, int] = {}
        for span in BUDGET_SPANS:
            most = values.get(span)
            if isinstance(most, int) and not isinstance(most, bool) and 0 <= most <= MOST_BUDGET:
                found[span] = most
            elif most is not None:
                message = f"{span} is a whole number of counting cancellations from 0 to {MOST_BUDGET:,}, not {most!r}"
                self._add_problem(f"budget: {message}", (*path, span))
        effect = values.get("effect")
        if effect is not None and effect not in words:
            hint = did_you_mean(str(effect), words)
            text = f"budget: {effect!r} is no effect{hint}; its effect is {', '.join(words)}"
            self._add_problem(text, (*path, "effect"), inside=0)
        return Budgets(found, Effect(effect) if effect in words else None)

    def _read_conditions(self, texts: object, path: TomlPath) -> tuple[str, ...]:
        """Return a list of filters about single orders."""
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            self._add_problem(f'{path[-1]} is a list of filters, such as ["business", "prime"]', path)
            return ()
        for number, text in enumerate(texts):
            try:
                parse_filter(text, now=self._now, zone="UTC")
            except FilterError as error:
                hint = f" (did you mean {error.suggestion!r}?)" if error.suggestion else ""
                self._add_problem(f"{path[-1]}: {error.message}{hint}", (*path, number), inside=error.column - 1)
        return tuple(texts)

    def _read_table(self, value: object, path: TomlPath) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._add_problem(f"{'.'.join(map(str, path))} is not a table", path)
        return {}

    def _read_settings(self, data: object, path: TomlPath) -> dict[str, Entry]:
        found = {}
        for name, value in self._read_table(data, path).items():
            where = (*path, name)
            if name not in SETTINGS:
                self._add_problem(f"there is no setting {name!r}{did_you_mean(name, OWN_SETTINGS)}", where, key=True)
            elif name not in OWN_SETTINGS:
                text = f"{name} is Amazon's and cannot be changed; choose the edition in the settings instead"
                self._add_problem(text, where, key=True)
            else:
                raw, problem = SETTINGS[name].parse(value)
                if problem:
                    self._add_problem(f"{name} {problem}, not {value!r}", where)
                found[name] = Entry(raw, format_setting(value), "user", (), None, ALWAYS_IN_FORCE)
        return found

    def _read_rule(self, entry: Mapping[str, Any], path: TomlPath) -> HouseRule | None:
        ident = entry.get("id")
        if not isinstance(ident, str) or not ident.strip():
            self._add_problem('a house rule needs an id, such as id = "big-orders"', (*path, "id"))
            return None
        who = f"house rule {ident}"
        self.problems += self._source.unknown(f"{who}: unknown key", entry, _KEYS, path)
        if not isinstance(entry.get("why"), str) or not entry["why"].strip():
            self._add_problem(f"{who} needs a why: the sentence that the operator reads", (*path, "why"))
        effect = entry.get("effect")
        words = [e.value for e in Effect]
        if effect in _LOOSENING:
            message = f"{who}: a house rule can only tighten; its effect is {', '.join(words)}, never {effect!r}"
            self._add_problem(message, (*path, "effect"), inside=0)
        elif effect is None:
            self._add_problem(f"{who} needs an effect: {', '.join(words)}", (*path, "effect"))
        elif effect not in words:
            self._add_problem(
                f"{who}: {effect!r} is no effect{did_you_mean(str(effect), words)}", (*path, "effect"), inside=0
            )
        days = {}
        for key in ("from", "until"):
            day = days[key] = entry.get(key)
            if day is not None and not is_day(day):
                self._add_problem(f"{who}: {key} is a day such as 2026-12-31 without quotes, not {day!r}", (*path, key))
                days[key] = None
        if days["from"] and days["until"] and days["until"] < days["from"]:
            self._add_problem(f"{who} can never apply: it ends before it begins", (*path, "until"))
        actions = self._read_actions(entry, who, path)
        text = entry.get("when")
        if not isinstance(text, str) or not text.strip():
            self._add_problem(f"{who} needs a when, as typed into the filter bar", (*path, "when"))
            return None
        try:
            condition = parse_filter(text, now=self._now, zone="UTC", plan=True)
        except FilterError as error:
            hint = f" (did you mean {error.suggestion!r}?)" if error.suggestion else ""
            self._add_problem(f"{who}: {error.message}{hint}", (*path, "when"), inside=error.column - 1)
            return None
        if effect not in words or not isinstance(entry.get("why"), str):
            return None
        period = Period(days["from"], days["until"])
        return HouseRule(ident, text, Effect(effect), entry["why"], actions, asks_batch(condition), period, path)

    def _read_actions(self, entry: Mapping[str, Any], who: str, path: TomlPath) -> tuple[Action, ...]:
        given = entry.get("action", [action.value for action in ACTIONS])
        words = [action.value for action in ACTIONS]
        found = []
        for number, word in enumerate(given if isinstance(given, list) else [given]):
            where = (*path, "action", number) if isinstance(given, list) else (*path, "action")
            if word not in words:
                message = f"{who}: {word!r} is no action of a batch{did_you_mean(str(word), words)}"
                self._add_problem(message, where, inside=0)
            else:
                found.append(Action(word))
        if not given:
            self._add_problem(f"{who}: action names at least one of {', '.join(words)}", (*path, "action"))
        return tuple(found)

    def _check_conflicts(self, rules: Sequence[HouseRule]) -> None:
        """Refuse rules that can never apply, that hide another, or that contradict another about the same orders."""
        formulas: dict[str, satisfiability.Formula] = {}
        for rule in rules:
            condition = rule.condition(now=self._now, zone="UTC")
            formulas[rule.id] = satisfiability.build_formula(condition, self._tables.__getitem__)
            try:
                self._check_can_apply(rule, formulas[rule.id])
            except satisfiability.TooComplex as error:
                self._add_problem(f"house rule {rule.id}: {error}", (*rule.path, "when"))
        if self.problems:
            return
        budget = satisfiability.Budget()
        for place, rule in enumerate(rules):
            for other in rules[:place]:
                try:
                    self._check_pair(rule, other, formulas, budget)
                except satisfiability.TooComplex:
                    message = "the rules up to here are too complex to compare; write fewer or simpler ones"
                    self._add_problem(f"house rule {rule.id}: {message}", (*rule.path, "when"))
                    return

    def _check_can_apply(self, rule: HouseRule, wanted: satisfiability.Formula) -> None:
        budget = satisfiability.Budget()
        if not satisfiability.is_satisfiable(wanted, budget):
            message = f"house rule {rule.id} can never apply: its condition contradicts itself: {rule.text}"
            self._add_problem(message, (*rule.path, "when"))
            return
        refused = [
            action
            for action in rule.actions
            if not satisfiability.is_satisfiable(
                satisfiability.AllOf((wanted, satisfiability.allowed_formula(action.value, self._tables.__getitem__))),
                budget,
            )
        ]
        if len(refused) == len(ACTIONS):
            message = f"can never apply: Amazon's rules already refuse every action for the orders that fit {rule.text}"
            self._add_problem(f"house rule {rule.id} {message}", (*rule.path, "when"))
        elif len(rule.actions) < len(ACTIONS):
            for action in refused:
                message = f"Amazon's rules already refuse it for every order that fits {rule.text}"
                text = f"house rule {rule.id} can never apply to {action.value}: {message}"
                self._add_problem(text, (*rule.path, "when"))

    def _check_pair(
        self,
        rule: HouseRule,
        other: HouseRule,
        formulas: Mapping[str, satisfiability.Formula],
        budget: satisfiability.Budget,
    ) -> None:
        """Refuse a rule that a stricter one hides, and two that contradict each other."""
        if rule.period != other.period:
            return
        for weak, strong in ((rule, other), (other, rule)):
            is_stricter = _STRICTNESS.index(weak.effect) > _STRICTNESS.index(strong.effect)
            if is_stricter or not set(weak.actions) <= set(strong.actions):
                continue
            if not satisfiability.implies(formulas[weak.id], formulas[strong.id], budget):
                continue
            is_mutual = satisfiability.implies(formulas[strong.id], formulas[weak.id], budget)
            if is_mutual and weak.effect is not strong.effect:
                message = (
                    f"house rules {other.id} and {rule.id} contradict each other: the same orders get"
                    f" {other.effect.value} and {rule.effect.value}; only {strong.effect.value} would ever count"
                )
            else:
                message = (
                    f"house rule {weak.id} ({weak.effect.value}) can never matter: {strong.id}"
                    f" ({strong.effect.value}) applies to every order that fits it"
                )
            self._add_problem(message, (*weak.path, "when"))
            return
