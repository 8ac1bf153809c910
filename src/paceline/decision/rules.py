"""The formulas by id: what a report's numbers were computed with, in words."""

from __future__ import annotations

import msgspec


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One formula. `uses` names inputs and other rules."""

    id: str
    title: str
    formula: str
    uses: tuple[str, ...]


RULES: tuple[Rule, ...] = (
    Rule(
        id="F01",
        title="time to value",
        formula="days to build (hybrid: sprint days x (1 + overhead)) + review + access",
        uses=("sprint_days", "marathon_days", "overhead", "review", "access"),
    ),
    Rule(
        id="F02",
        title="cost of delay",
        formula="linear: per week x min(days / 7, window); cliff: per week x window if the deadline is missed",
        uses=("F01", "cost_of_delay", "window_weeks"),
    ),
    Rule(
        id="F03",
        title="days until a hybrid has migrated",
        formula="marathon days x slowdown + cut-over",
        uses=("marathon_days", "slowdown", "cut_over"),
    ),
    Rule(
        id="F04",
        title="reverse cost",
        formula=(
            "removal + consumers x each + backfill days x each + re-keying, if identities are made + contract "
            "breaks x each"
        ),
        uses=("removal", "per_consumer", "per_backfill_day", "rekey", "per_contract_break"),
    ),
    Rule(
        id="F05",
        title="work added by risk on the unplatformed path",
        formula=(
            "1 + effect x (risk multiplier - 1); the multiplier is the larger of privacy and lock-in; 1 with "
            "stated losses"
        ),
        uses=("risk_effect",),
    ),
    Rule(
        id="F06",
        title="expected loss in a year",
        formula="sum of per year x cost x (1 - share that a platform prevents, on a platform)",
        uses=("loss_*",),
    ),
    Rule(
        id="F07",
        title="onboarding of a further team",
        formula="min(onboarding, sprint build x duplicate factor)",
        uses=("onboarding", "sprint_build", "duplicate"),
    ),
    Rule(
        id="F08",
        title="replacement of a sprint in a month",
        formula="constant hazard: the stated probability within 24 months",
        uses=("replacement",),
    ),
    Rule(
        id="F09",
        title="rework factor from composition",
        formula=(
            "0.9 vendor calls + 0.9 implicit transforms + 0.25 declared mappings + 0.1 contract tests + 0.05 "
            "canonical schema"
        ),
        uses=("rework",),
    ),
    Rule(
        id="F10",
        title="operational load",
        formula="pages x hours + replays + vendor changes x hours / 52 + rotations x hours / 52 + manual minutes / 60",
        uses=("sprint_ops", "marathon_ops"),
    ),
    Rule(
        id="F11",
        title="cost of a sprint",
        formula=(
            "build for every team + p(confirmed) x PV[copies for later teams, upkeep and compliance work x teams"
            " x F05 with growth, fees, losses] + p(not confirmed) x the same until the checkpoint + p(confirmed) "
            "x PV[F08 x (marathon build + F07 + rework x F05 + F04)]"
        ),
        uses=(
            "F04",
            "F05",
            "F06",
            "F07",
            "F08",
            "hourly_rate",
            "confirmation",
            "sprint_build",
            "sprint_ops",
            "sprint_fee",
            "duplicate",
            "ops_growth",
            "compliance",
            "teams_later",
            "marathon_build",
            "onboarding",
            "rework",
            "checkpoint",
            "needed",
        ),
    ),
    Rule(
        id="F12",
        title="cost of a hybrid",
        formula=(
            "sprint build x (1 + overhead) + marathon build x (p(confirmed) + p(not confirmed) x spent at the "
            "checkpoint) + p(confirmed) x (F07 + PV[adapter until F03 and platform, both kept running] + hybrid "
            "rework share x (rework + F04)) + p(not confirmed) x the adapter until the checkpoint"
        ),
        uses=(
            "F03",
            "F04",
            "F05",
            "F06",
            "F07",
            "hourly_rate",
            "confirmation",
            "sprint_build",
            "overhead",
            "marathon_build",
            "spent",
            "sprint_ops",
            "marathon_ops",
            "ops_growth",
            "sprint_fee",
            "marathon_fee",
            "platform_fee",
            "compliance",
            "teams_later",
            "hybrid_rework",
            "rework",
            "checkpoint",
            "needed",
        ),
    ),
    Rule(
        id="F13",
        title="cost of a marathon",
        formula=(
            "marathon build + p(confirmed) x (F07 + PV[upkeep and compliance work, fees, losses]) + p(not "
            "confirmed) x the same until the checkpoint"
        ),
        uses=(
            "F06",
            "F07",
            "hourly_rate",
            "confirmation",
            "marathon_build",
            "marathon_ops",
            "platform_fee",
            "marathon_fee",
            "compliance",
            "teams_later",
            "checkpoint",
            "needed",
        ),
    ),
    Rule(
        id="F14",
        title="expiry of a hybrid",
        formula=(
            "likely marathon days, as they were said, x P85 of actual against likely, in whole weeks, rounded up; P85 "
            "of a lognormal with median 1.1 and P90 1.6 until eight actuals of the team's own say it better (F28)"
        ),
        uses=("marathon_days", "F28"),
    ),
    Rule(
        id="F15",
        title="the five metrics",
        formula=(
            "time to value: F01; rework: rework factor, x hybrid rework share, 0; debt hours: 4 + 8 for each "
            "further copy, 4 + 2 for the toggle, 0; upkeep in month 24; risk multiplier: F05's, in "
            "proportion to 24 months on the adapter, 1"
        ),
        uses=("F01", "F03", "rework", "hybrid_rework", "teams_later", "sprint_ops", "marathon_ops", "ops_growth"),
    ),
    Rule(
        id="F16",
        title="score that the verdict compares",
        formula="expected F02 + F11, F12 or F13 at the horizon, less price of finding out x votes / 6",
        uses=("F02", "F11", "F12", "F13", "hourly_rate"),
    ),
    Rule(
        id="F17",
        title="expected value of perfect information",
        formula=(
            "mean of (total of the verdict - smallest total) over the samples; for one input, over 32 parts of "
            "its range"
        ),
        uses=("F11", "F12", "F13", "F02"),
    ),
    Rule(
        id="F18",
        title="how often an option is the cheapest",
        formula="share of the samples in which the total (F02 + F11, F12 or F13) of an open option is the lowest",
        uses=("F02", "F11", "F12", "F13"),
    ),
    Rule(
        id="F19",
        title="break-even value of an input",
        formula="the value, all else as stated, at which another option has the lowest score (F16), or a gate closes",
        uses=("F16",),
    ),
    Rule(
        id="F20",
        title="effect of one input",
        formula=(
            "score (F16) of the next option less that of the verdict, with one input at its 10th and at its 90th "
            "percentile; share: Sobol total index of that difference"
        ),
        uses=("F16",),
    ),
    Rule(
        id="F21",
        title="robustness",
        formula=(
            "lead of the verdict at the likely values / root of the summed squares of the worst that each input's "
            "range can take from it"
        ),
        uses=("F16",),
    ),
    Rule(
        id="F22",
        title="the options side by side",
        formula="the five metrics (F15) scaled to 0 to 1, equally weighted: weighted sum, and closeness (TOPSIS)",
        uses=("F15",),
    ),
    Rule(
        id="F23",
        title="order of a backlog",
        formula="mean cost of delay a week / weeks of work until the verdict's first delivery (CD3), largest first",
        uses=("cost_of_delay", "sprint_days", "overhead", "marathon_days"),
    ),
    Rule(
        id="F24",
        title="queue of a team",
        formula=(
            "in the order of F23, as many at once as `at_once` says (1), from the day on which the team's newest "
            "request came in; mean durations"
        ),
        uses=("F23",),
    ),
    Rule(
        id="F25",
        title="saved by one shared platform piece",
        formula=(
            "sum of the marathon builds less the largest of them, less F07 for each further request; hours x the mean "
            "hourly rate"
        ),
        uses=("marathon_build", "F07", "hourly_rate"),
    ),
    Rule(
        id="F26",
        title="look-alikes",
        formula="same vendor and overlap of events (Jaccard) of 0.6 or more, or overlap of fields of 0.6 or more",
        uses=(),
    ),
    Rule(
        id="F27",
        title="end of a sprint",
        formula=(
            "the likely weeks for which it is needed, at most 90 days; 90 days where nothing says how long; but not "
            "before it worked for a week in 90 of 100 cases"
        ),
        uses=("needed",),
    ),
    Rule(
        id="F28",
        title="correction of guesses",
        formula=(
            "low, likely and high x the median of actual against likely in the team's past, drawn to that of all "
            "inputs and to 1 by n / (n + 8); P85 in the same way, drawn to the outside view; only where leave-one-out "
            "was better"
        ),
        uses=(),
    ),
)
