"""The costs of the options once more, for single numbers and month by month, as docs/decision.md puts them in words.

Written without looking at arrays or closed forms, so that the engine can be compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass

WEEKS_PER_MONTH = 365.25 / 12 / 7


@dataclass
class Case:
    """One setting of all inputs, with the circumstances of the request."""

    x: dict[str, float]
    teams_now: int = 1
    risk_multiplier: int = 1
    consumers: int = 1
    backfill_days: int = 0
    creates_identity_keys: bool = False
    contract_breaks: int = 0

    @property
    def risk(self) -> float:
        return 1 + self.x["risk_effect"] * (self.risk_multiplier - 1)

    @property
    def onboarding(self) -> float:
        return min(self.x["onboarding"], self.x["sprint_build"] * self.x["duplicate"])

    @property
    def undoing(self) -> float:
        x = self.x
        return (
            x["removal"]
            + self.consumers * x.get("per_consumer", 0)
            + self.backfill_days * x.get("per_backfill_day", 0)
            + self.creates_identity_keys * x.get("rekey", 0)
            + self.contract_breaks * x.get("per_contract_break", 0)
        )

    @property
    def migration_months(self) -> float:
        return (self.x["marathon_days"] * self.x["slowdown"] + self.x["cut_over"]) / 7 / WEEKS_PER_MONTH

    @property
    def final_teams(self) -> float:
        return max(self.x["teams_later"], self.teams_now)

    def teams(self, month: int) -> float:
        """Teams at the end of a month: new ones come evenly over 24 months."""
        return self.teams_now + (self.final_teams - self.teams_now) * min(month / 24, 1)

    def arriving(self, month: int) -> float:
        return self.teams(month) - self.teams(month - 1)

    def part(self, month: int, end: float) -> float:
        """How much of a month lies before the end, in months."""
        return min(max(end - (month - 1), 0), 1)

    def needed(self, month: int) -> float:
        return self.part(month, self.x["needed"] / WEEKS_PER_MONTH) if "needed" in self.x else 1.0

    def tried(self, month: int) -> float:
        return self.part(month, self.x["checkpoint"] / WEEKS_PER_MONTH)

    def on_adapter(self, month: int) -> float:
        return min(self.part(month, self.migration_months), self.needed(month))


def sprint_flows(case: Case, months: int) -> list[float]:
    """What a sprint costs at the start and at the end of each month."""
    x = case.x
    confirmed, rate = x["confirmation"], x["hourly_rate"]
    copy = x["sprint_build"] * x["duplicate"]
    flows = [rate * (x["sprint_build"] + copy * (case.teams_now - 1))]
    not_replaced = 1.0
    for month in range(1, months + 1):
        one_team = rate * (WEEKS_PER_MONTH * x["sprint_ops"] + x["compliance"]) * case.risk
        growth = rate * WEEKS_PER_MONTH * x["sprint_ops"] * case.risk * x["ops_growth"] * month / 12
        if_confirmed = case.needed(month) * (
            case.teams(month) * (one_team + growth) + case.arriving(month) * copy * rate + x["sprint_fee"]
        )
        still = (1 - x["replacement"]) ** (month / 24)
        replacement = (
            x["marathon_build"]
            + x["rework"] * x["sprint_build"] * case.risk
            + case.undoing
            + (case.teams(month) - 1) * (case.onboarding + x["rework"] * copy * case.risk)
        )
        if_confirmed += case.needed(month) * (not_replaced - still) * rate * replacement
        not_replaced = still
        if_not = case.tried(month) * (case.teams_now * one_team + x["sprint_fee"])
        flows.append(confirmed * if_confirmed + (1 - confirmed) * if_not)
    return flows


def hybrid_flows(case: Case, months: int) -> list[float]:
    """What a hybrid costs at the start and at the end of each month."""
    x = case.x
    confirmed, rate = x["confirmation"], x["hourly_rate"]
    marathon_fee = x.get("marathon_fee", x["sprint_fee"])
    built = x["marathon_build"] * (confirmed + (1 - confirmed) * x["spent"])
    redone = x["hybrid_rework"] * (x["rework"] * x["sprint_build"] + case.undoing)
    flows = [
        rate * (x["sprint_build"] * (1 + x["overhead"]) + built)
        + confirmed * rate * (redone + case.onboarding * (case.teams_now - 1))
    ]
    for month in range(1, months + 1):
        adapter = rate * (WEEKS_PER_MONTH * x["sprint_ops"] + x["compliance"]) * case.risk
        growth = rate * WEEKS_PER_MONTH * x["sprint_ops"] * case.risk * x["ops_growth"] * month / 12
        both = rate * WEEKS_PER_MONTH * x["marathon_ops"] + x["platform_fee"]
        on, needed = case.on_adapter(month), case.needed(month)
        if_confirmed = (
            needed * (both + case.arriving(month) * case.onboarding * rate)
            + on * (adapter + growth + x["sprint_fee"])
            + (needed - on) * (rate * x["compliance"] + marathon_fee)
        )
        if_not = case.tried(month) * (adapter + x["sprint_fee"])
        flows.append(confirmed * if_confirmed + (1 - confirmed) * if_not)
    return flows


def marathon_flows(case: Case, months: int) -> list[float]:
    """What a marathon costs at the start and at the end of each month."""
    x = case.x
    confirmed, rate = x["confirmation"], x["hourly_rate"]
    monthly = rate * (WEEKS_PER_MONTH * x["marathon_ops"] + x["compliance"])
    monthly += x["platform_fee"] + x.get("marathon_fee", x["sprint_fee"])
    flows = [rate * (x["marathon_build"] + confirmed * case.onboarding * (case.teams_now - 1))]
    for month in range(1, months + 1):
        if_confirmed = case.needed(month) * (monthly + case.arriving(month) * case.onboarding * rate)
        flows.append(confirmed * if_confirmed + (1 - confirmed) * case.tried(month) * monthly)
    return flows
