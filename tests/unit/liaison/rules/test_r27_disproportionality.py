"""R27: differences between ethnic groups beyond chance are told to the board, and nobody can be recognised in them."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.identity.person import UNKNOWN
from services.liaison.disproportionality import (
    Comparison,
    compare,
    evaluate_monitor,
    next_week,
    published,
    this_week,
    window,
)
from services.liaison.policy import Policy
from services.liaison.tally import (
    GROUPS,
    MEASURES,
    Count,
    Counts,
    EthnicGroup,
    Measure,
    Tally,
    count,
    group_of,
    tally_of,
)
from services.simulation.simulation import Simulation
from tests.unit.liaison.script import POLICY, REGISTRY, Script, event, minute

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
PERIOD = timedelta(hours=24)
ENOUGH, CELL = POLICY.number("R27", "minimum_crises"), POLICY.number("R27", "minimum_cell")


def force(**groups: tuple[int, int]) -> Counts:
    """So many of so many on whom force was used."""
    named = {
        name: groups[name.replace("-", "_")] for name in GROUPS if name.replace("-", "_") in groups
    }
    return {("force", name): Count(*count) for name, count in named.items()}


def of(counts: Counts, group: EthnicGroup, policy: Policy = POLICY) -> Comparison | None:
    return next(
        (comparison for comparison in compare(counts, policy) if comparison.group == group), None
    )


def outside(counts: Counts, policy: Policy = POLICY) -> list[str]:
    return [comparison.group for comparison in compare(counts, policy) if comparison.outside]


# -- when it is looked at ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("2026-11-23T07:00:00+00:00", "2026-11-23T07:00:00+00:00", "2026-11-30T07:00:00+00:00"),
        ("2026-11-23T06:59:59+00:00", "2026-11-16T07:00:00+00:00", "2026-11-23T07:00:00+00:00"),
        ("2026-10-24T12:00:00+00:00", "2026-10-19T06:00:00+00:00", "2026-10-26T07:00:00+00:00"),
        ("2026-03-29T23:30:00+00:00", "2026-03-23T07:00:00+00:00", "2026-03-30T06:00:00+00:00"),
        ("2026-07-05T23:30:00+00:00", "2026-06-29T06:00:00+00:00", "2026-07-06T06:00:00+00:00"),
    ],
)
def test_each_monday_at_seven_by_londons_clock(now: str, last: str, following: str) -> None:
    at = datetime.fromisoformat(now)
    assert this_week(at) == datetime.fromisoformat(last)
    assert next_week(at) == datetime.fromisoformat(following)


def test_the_window_is_ninety_days_of_crises_by_when_they_began() -> None:
    since, until = window(NOW + timedelta(days=3), POLICY)
    tally = Tally("black", since, True, False, None, None, None)
    inside = (since, until - timedelta(seconds=1))
    beyond = (since - timedelta(seconds=1), until)
    counted = count([replace(tally, opened_at=at) for at in (*inside, *beyond)], since, until)
    assert counted["s136", "black"] == Count(2, 2)


# -- the statistics ----------------------------------------------------------------------------------------------------


def exact_chance(own: Count, rest: Count) -> float:
    """The two-sided conditional test by whole numbers, twice the smaller tail."""
    total = own.happened + rest.happened
    whole = math.comb(own.of + rest.of, total)

    def tail(values: range) -> float:
        return (
            sum(
                math.comb(own.of, value) * math.comb(rest.of, total - value)
                for value in values
                if value <= total
            )
            / whole
        )

    return min(1.0, 2 * min(tail(range(own.happened, own.of + 1)), tail(range(own.happened + 1))))


@pytest.mark.parametrize(
    ("own", "rest"),
    [((30, 40), (15, 60)), ((10, 100), (10, 100)), ((12, 60), (40, 500)), ((50, 50), (10, 90))],
)
def test_the_chance_is_that_of_the_exact_test_times_the_number_of_comparisons(
    own: tuple[int, int], rest: tuple[int, int]
) -> None:
    counts = force(black=own, white=rest)
    finding = of(counts, "black")
    assert finding is not None
    made = len(compare(counts, POLICY))
    assert finding.chance == pytest.approx(
        min(1.0, made * exact_chance(Count(*own), Count(*rest))), rel=1e-9
    )


def test_ratio_and_control_limits_are_katz() -> None:
    finding = of(force(black=(30, 40), white=(15, 60)), "black")
    assert finding is not None
    error = math.sqrt(1 / 30 - 1 / 40 + 1 / 15 - 1 / 60)
    assert finding.ratio == pytest.approx(3.0)
    assert finding.low == pytest.approx(3.0 * math.exp(-3.0902 * error), rel=1e-4)
    assert finding.high == pytest.approx(3.0 * math.exp(3.0902 * error), rel=1e-4)


def test_where_it_never_happened_to_the_rest_there_is_still_a_ratio() -> None:
    finding = of(force(black=(30, 60), white=(0, 200)), "black")
    assert finding is not None
    assert finding.outside
    assert math.isfinite(finding.ratio)


def test_a_group_with_the_same_rate_is_within_the_limits() -> None:
    assert outside(force(black=(100, 400), white=(250, 1000))) == []


def test_only_the_group_to_whom_it_happens_more_is_named() -> None:
    assert outside(force(black=(120, 200), white=(100, 1000))) == ["black"]


def test_a_difference_too_small_to_matter_is_none_however_many_there_are() -> None:
    counts = force(black=(12_000, 50_000), white=(20_000, 100_000))
    finding = of(counts, "black")
    assert finding is not None
    assert finding.chance < 1e-9
    assert not finding.outside
    eager = POLICY.model_copy(update={"limits": {"R27": {"least_ratio": 110}}})
    assert outside(counts, eager) == ["black"]


def test_of_many_weeks_without_any_difference_hardly_one_alerts() -> None:
    chance = random.Random(27)
    groups: tuple[EthnicGroup, ...] = ("white", "mixed", "asian", "black", "other")
    alerted = 0
    for _ in range(400):
        counts: dict[tuple[Measure, EthnicGroup], Count] = {}
        for measure in MEASURES:
            for group, size in zip(groups, (600, 60, 200, 250, 80), strict=True):
                counts[measure, group] = Count(
                    sum(chance.random() < 0.25 for _ in range(size)), size
                )
        alerted += bool(outside(counts))
    assert alerted <= 3, "one in five hundred weeks is what the limits allow"


def test_without_the_allowance_for_many_comparisons_it_would_alert_more_often() -> None:
    """The control of the test above: at one in five, alerts do come, so that it sees them."""
    lax = POLICY.model_copy(update={"limits": {"R27": {"chance_one_in": 2}}})
    chance = random.Random(27)
    alerted = 0
    for _ in range(100):
        counts_of_groups = {
            group: (sum(chance.random() < 0.25 for _ in range(size)), size)
            for group, size in (("white", 600), ("mixed", 60))
        }
        alerted += bool(outside(force(**counts_of_groups), lax))
    assert alerted > 3


# -- nobody can be recognised ------------------------------------------------------------------------------------------


def test_too_few_crises_are_not_compared_and_one_more_is_enough() -> None:
    assert of(force(black=(ENOUGH - 1, ENOUGH - 1), white=(100, 1000)), "black") is None
    assert of(force(black=(ENOUGH, ENOUGH), white=(100, 1000)), "black") is not None


def test_a_rest_that_is_too_small_would_tell_of_itself() -> None:
    assert of(force(black=(100, 200), white=(5, ENOUGH - 1)), "black") is None


def test_too_few_to_whom_it_happened_are_not_compared_and_not_shown() -> None:
    few = force(black=(CELL - 1, 60), white=(100, 1000), asian=(50, 400))
    assert of(few, "black") is None
    assert of(force(black=(CELL, 60), white=(100, 1000)), "black") is not None


def cells(counts: Counts) -> dict[str, tuple[int | None, int | None]]:
    (row,) = (row for row in published(counts, POLICY) if row.measure == "force")
    return {cell.group: (cell.happened, cell.of) for cell in row.cells}


def test_small_numbers_are_suppressed_and_others_are_rounded() -> None:
    table = cells(force(white=(123, 1001), black=(52, 198), asian=(CELL - 1, 300), mixed=(3, 40)))
    assert table["white"] == (125, 1000)
    assert table["black"] == (50, 200)
    assert table["asian"] == table["mixed"] == (None, None)


def test_a_group_that_alone_is_suppressed_takes_the_next_smallest_with_it() -> None:
    every = {group.replace("-", "_"): (100 + number, 500) for number, group in enumerate(GROUPS)}
    table = cells(force(**(every | {"asian": (4, 500)})))
    assert [group for group, cell in table.items() if cell == (None, None)] == ["white", "asian"]


def test_nothing_happened_to_them_is_suppressed_too() -> None:
    assert cells(force(white=(100, 500), black=(0, 300)))["black"] == (None, None)


def test_a_suppressed_group_shows_no_ratio_either() -> None:
    (row,) = (
        row
        for row in published(force(white=(100, 500), black=(90, 100), asian=(2, 90)), POLICY)
        if row.measure == "force"
    )
    hidden = [cell for cell in row.cells if cell.happened is None]
    assert hidden
    assert all(cell.ratio is cell.low is cell.high is None and not cell.outside for cell in hidden)


def test_the_alert_names_groups_and_rounded_numbers_only() -> None:
    counts = force(black=(123, 197), white=(101, 1003))
    (finding,) = evaluate_monitor(counts, NOW, POLICY).standing
    statement = " ".join(
        [finding.finding.reason, *(item.statement for item in finding.finding.evidence)]
    )
    assert "Black or Black British" in statement
    assert "control limits of the ratio" in statement
    assert "of 195" not in statement, "the table may have to hide the counts"
    assert not any(exact in statement for exact in ("123", "197", "101", "1003"))
    assert (finding.finding.urgency, finding.finding.recipients) == (5, ("mental-health-board",))


def test_one_alert_a_measure_and_another_group_makes_it_worse() -> None:
    one = evaluate_monitor(force(black=(120, 200), white=(100, 1000)), NOW, POLICY).standing
    two = evaluate_monitor(
        force(black=(120, 200), asian=(120, 200), white=(100, 1000)), NOW, POLICY
    ).standing
    assert [stage.finding.stage for stage in (*one, *two)] == ["black", "asian, black"]
    assert one[0].finding.key == two[0].finding.key


def test_switched_off_it_tells_nothing() -> None:
    off = POLICY.model_copy(update={"switched_off": {"R27": "the board has its own report"}})
    assert evaluate_monitor(force(black=(120, 200), white=(100, 1000)), NOW, off).standing == ()


# -- what a crisis counts for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "group"),
    [
        ("A", "white"),
        ("C", "white"),
        ("D", "mixed"),
        ("G", "mixed"),
        ("H", "asian"),
        ("L", "asian"),
        ("M", "black"),
        ("P", "black"),
        ("R", "other"),
        ("S", "other"),
        ("Z", "not-known"),
        ("99", "not-known"),
        (None, "not-known"),
    ],
)
def test_the_sixteen_categories_are_five_groups(category: object, group: str) -> None:
    assert group_of(category) == group  # type: ignore[arg-type]  # of the table above


def script(ethnicity: str = "N", **more: object) -> Script:
    return Script().police(
        "incident.reported", 0, nature="suicidal", person={"ethnicity": ethnicity}, **more
    )


def tally(told: Script) -> Tally:
    finding = tally_of(told.crisis(), PERIOD)
    assert finding is not None
    return finding


def test_force_and_detention_are_counted_once_a_crisis() -> None:
    crisis = script().police("force.started", 1, force="F-1", kinds=["handcuffs"])
    crisis.police("force.started", 9, force="F-2", kinds=["limb-restraint"])
    crisis.police("detention.detained", 10, detention="D-1", power="s136")
    finding = tally(crisis)
    assert (finding.group, finding.force, finding.s136, finding.low_grade) == (
        "black",
        True,
        True,
        None,
    )
    assert not tally(script()).force


def test_section_135_is_not_section_136() -> None:
    assert not tally(
        script().police("detention.detained", 10, detention="D-1", power="s135-1")
    ).s136


@pytest.mark.parametrize(
    ("grades", "low"),
    [(["C3"], True), (["C2"], False), (["C3", "C1"], False), (["C2", "C4"], True)],
)
def test_the_last_grade_counts(grades: list[str], low: bool) -> None:
    crisis = script().ambulance("incident.reported", 1, nature="medical")
    for number, grade in enumerate(grades):
        crisis.ambulance("incident.graded", 2 + number, ambulance_category=grade)
    assert tally(crisis).low_grade is low


def held(ended: float | None, extended: bool = False, proper: bool = True) -> Script:
    crisis = script().police("detention.detained", 5, detention="D-1", power="s136")
    site = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
    crisis.police("detention.arrived", 60, detention="D-1", at=site)
    if extended:
        crisis.police(
            "detention.extended",
            1000,
            detention="D-1",
            until=minute(60 + 36 * 60).isoformat(),
            authorised_by="registered-medical-practitioner",
            because_of_condition=proper,
        )
    return (
        crisis
        if ended is None
        else crisis.police("detention.ended", ended, detention="D-1", outcome="released")
    )


@pytest.mark.parametrize(
    ("told", "breached"),
    [
        (held(60 + 1440), 0),
        (held(60 + 1441), 1),
        (held(None), 1),
        (held(60 + 1441, extended=True), 0),
        (held(60 + 1441, extended=True, proper=False), 1),
        (held(60 + 36 * 60 + 1, extended=True), 1),
    ],
)
def test_kept_beyond_the_time_is_a_breach_and_an_extension_that_counts_moves_it(
    told: Script, breached: int
) -> None:
    counted = count([tally(told)], minute(-10), minute(7 * 1440))
    assert counted["clock-breach", "black"] == Count(breached, 1)


def test_a_clock_that_runs_is_no_breach_yet() -> None:
    counted = count([tally(held(None))], minute(-10), minute(600))
    assert counted["clock-breach", "black"] == Count(0, 1)


def test_no_sign_of_a_crisis_counts_for_nothing_and_restraint_is_none() -> None:
    crisis = Script().police("incident.reported", 0, nature="violence", person={"ethnicity": "N"})
    crisis.police("force.started", 1, force="F-1", kinds=["physical-restraint"])
    assert tally_of(crisis.crisis(), PERIOD) is None


def test_the_register_says_what_the_incident_does_not_and_somebody_elses_record_says_nothing() -> (
    None
):
    crisis = Script().police("incident.reported", 0, nature="suicidal")
    crisis.on_file(
        "person.registered", minute(-900), person={"names": [{"given": "Efua"}], "ethnicity": "N"}
    )
    assert tally(crisis).group == "black"
    detached = tally_of(crisis.crisis(UNKNOWN), PERIOD)
    assert detached is not None
    assert detached.group == "not-known"


def test_a_force_that_is_taken_back_is_not_counted() -> None:
    crisis = script().police("force.started", 1, force="F-1", kinds=["handcuffs"], event_id="force")
    assert tally(crisis).force
    assert not tally(
        crisis.police("event.retracted", 5, retracts="force", reason="wrong-person")
    ).force


# -- week by week ------------------------------------------------------------------------------------------------------


def test_the_order_in_which_crises_are_heard_does_not_matter() -> None:
    events = [
        event(
            "las-cad",
            "incident.reported",
            minute(number),
            f"e{number}",
            {
                "incident": f"LAS-{number}",
                "nature": "suicidal",
                "ambulance_category": "C3" if number % 2 or number % 8 == 0 else "C2",
                "location": {"uprn": f"1000213{number:05d}"},
                "person": {"ethnicity": "N" if number % 2 else "A"},
            },
        )
        for number in range(160)
    ]

    def told(order: list[int]) -> dict[str, object]:
        ledger = Simulation(REGISTRY, POLICY)
        ledger.receive([events[number] for number in order], minute(200))
        ledger.tick(next_week(minute(200)))
        return {
            alert.key: dict(alert.detail) for alert in ledger.alerts.values() if alert.rule == "R27"
        }

    forwards = told(list(range(160)))
    assert forwards
    assert told(random.Random(1).sample(range(160), 160)) == forwards
