"""Whom an event is about: evidence is weighed, and what must never attach anybody does not, whatever it weighs."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import permutations
from math import log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.person import PersonDescriptor
from services.identity import decide as module
from services.identity.candidates import gather, hashed, keys_of
from services.identity.decide import (
    attach_at,
    decide,
    decide_scored,
    identity_keys,
    population_of,
    prior_of,
    veto,
)
from services.identity.described import Birth, Described, described
from services.identity.likeness.names import name_level
from services.identity.model import Frequencies, document_of, frequencies, model_of, shipped
from services.identity.person import PersonOnFile
from services.identity.score import Scorer
from services.identity.training.tabular import BadField, read

HERS, ANOTHER = "9990000018", "9990000026"
SHE: dict[str, Any] = {
    "nhs_number": HERS,
    "nhs_number_status": "01",
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
    "phones": ["+447700900123"],
    "sex": "female",
}


def said(**fields: Any) -> PersonDescriptor:
    return PersonDescriptor.model_validate(
        {key: value for key, value in fields.items() if value is not None}
    )


def on_file(person_id: str = "zofia", died_on: date | None = None, **changes: Any) -> PersonOnFile:
    return PersonOnFile(person_id, (said(**(SHE | changes)),), died_on=died_on)


def nameless_number(**changes: Any) -> PersonDescriptor:
    """All of her but the NHS number."""
    return said(**(SHE | {"nhs_number": None, "nhs_number_status": None} | changes))


def test_a_verified_number_whose_birthday_agrees_attaches() -> None:
    decision = decide(
        said(nhs_number=HERS, nhs_number_status="01", date_of_birth="1985-09-14"), [on_file()]
    )
    assert (decision.outcome, decision.person_id, decision.rule) == (
        "attached",
        "zofia",
        "verified-nhs-number",
    )


@pytest.mark.parametrize(
    "descriptor",
    [
        said(nhs_number=HERS, nhs_number_status="01"),
        said(
            nhs_number=HERS,
            nhs_number_status="01",
            date_of_birth="1951-02-03",
            names=[{"given": "A", "family": "B"}],
        ),
    ],
    ids=["alone", "another birthday"],
)
def test_a_number_alone_or_contradicted_attaches_nobody(descriptor: PersonDescriptor) -> None:
    assert decide(descriptor, [on_file()]).outcome == "possible"


@pytest.mark.parametrize(
    "changes",
    [
        {"names": [{"given": "Zosia", "family": "Nowak"}]},
        {"names": [{"given": "Nowak", "family": "Zofia"}]},
        {"date_of_birth": "1985-09-15"},
        {"addresses": [{"postcode": "SE5 8AX"}]},
        {"names": [{"given": "ZOFIA", "family": "Nówak"}], "sex": None},
    ],
    ids=[
        "short form",
        "names turned round",
        "one figure of the birthday",
        "same sector",
        "accents and case",
    ],
)
def test_what_a_call_damages_is_still_her(changes: dict[str, Any]) -> None:
    decision = decide(nameless_number(**changes), [on_file()])
    assert (decision.outcome, decision.person_id) == ("attached", "zofia")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"nhs_number": ANOTHER}, "nhs-number-contradicts"),
        ({"nhs_number": None, "names": [{"given": "Agata", "family": "Nowak"}]}, "family-guard"),
        ({"nhs_number": None, "names": [{"family": "Nowak"}]}, "family-guard"),
        ({"nhs_number": None, "date_of_birth": "1955-02-03"}, "birth-differs"),
    ],
)
def test_a_relative_or_a_namesake_is_never_taken_for_her(
    changes: dict[str, Any], rule: str
) -> None:
    decision = decide(said(**(SHE | {"nhs_number_status": "02"} | changes)), [on_file()])
    assert (decision.outcome, decision.rule) == ("possible", rule)


def test_without_the_vetoes_the_twin_would_be_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = said(**(SHE | {"nhs_number": None, "names": [{"given": "Agata", "family": "Nowak"}]}))
    assert decide(twin, [on_file()]).outcome != "attached"
    monkeypatch.setattr(module, "veto", lambda *_: None)
    assert decide(twin, [on_file()]).outcome == "attached"


@given(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([None, "female"]))
def test_telephone_and_place_never_attach(
    phone: bool, place: bool, family: bool, sex: str | None
) -> None:
    fields: dict[str, Any] = {"sex": sex}
    if phone:
        fields["phones"] = SHE["phones"]
    if place:
        fields["addresses"] = SHE["addresses"]
    if family:
        fields["names"] = [{"family": "Nowak"}]
    assert decide(said(**fields), [on_file()]).outcome != "attached"


def test_an_unknown_male_is_nobody() -> None:
    unknown = [{"given": "Unknown", "family": "Male"}]
    decision = decide(
        said(names=unknown, apparent_age=40), [on_file(names=unknown, nhs_number=None)]
    )
    assert (decision.outcome, decision.rule) == ("unknown", "insufficient-evidence")


def test_somebody_who_has_died_is_possible_at_most() -> None:
    assert decide(nameless_number(), [on_file(died_on=date(2020, 1, 1))]).rule == "deceased"


def test_who_died_of_it_was_alive_when_it_began() -> None:
    died = on_file(died_on=date(2026, 11, 24))
    assert decide(nameless_number(), [died], as_of=date(2026, 11, 24)).outcome == "attached"
    assert decide(nameless_number(), [died], as_of=date(2026, 11, 25)).rule == "deceased"


def test_a_pair_that_a_person_separated_stays_apart() -> None:
    assert decide(nameless_number(), [on_file()]).outcome == "attached"
    assert (
        decide(nameless_number(), [on_file()], separated={"zofia"}).rule == "separated-by-a-person"
    )


def test_two_who_both_fit_attach_nobody_in_any_order() -> None:
    people = [
        on_file("one", nhs_number=None),
        on_file("two", nhs_number=None),
        on_file("far", date_of_birth="1931-01-02"),
    ]
    decisions = {decide(nameless_number(), order) for order in permutations(people)}
    assert len(decisions) == 1
    assert (next(iter(decisions)).outcome, next(iter(decisions)).rule) == (
        "possible",
        "several-fit",
    )


def test_ethnicity_changes_nothing() -> None:
    assert described([said(**SHE, ethnicity="A")]) == described([said(**SHE)])
    assert identity_keys(said(**SHE, ethnicity="A")) == identity_keys(said(**SHE))


def test_keys_hold_no_name_and_no_number() -> None:
    keys = identity_keys(said(**SHE))
    assert keys
    # 64 bits of a hash: no ten figures of a number can be read off, and every one is another where one figure is
    assert all(-(2**63) <= key < 2**63 and HERS not in str(key) for key in keys)
    assert not identity_keys(said(nhs_number=HERS)) & identity_keys(said(nhs_number=ANOTHER))


DESCRIPTIONS = st.builds(
    Described,
    nhs_numbers=st.sampled_from([frozenset[str](), frozenset({HERS}), frozenset({ANOTHER})]),
    names=st.lists(
        st.tuples(
            st.sampled_from(["zofia", "zosia", "agata", ""]),
            st.sampled_from(["nowak", "okafor", ""]),
        ),
        max_size=2,
    ).map(tuple),
    births=st.sampled_from(
        [
            (),
            (Birth(1985, 9, 14),),
            (Birth(1985, 1, 1),),
            (Birth(1985, 14, 9),),
            (Birth(1940, 2, 3),),
        ]
    ),
    postcodes=st.sampled_from(
        [frozenset[str](), frozenset({"SE58AZ"}), frozenset({"SE5"}), frozenset({"E14NS"})]
    ),
    phones=st.sampled_from([frozenset[str](), frozenset({"7700900123"})]),
)


@given(DESCRIPTIONS, DESCRIPTIONS)
def test_the_weight_of_two_is_the_same_both_ways(one: Described, other: Described) -> None:
    scorer = Scorer(shipped(), Frequencies())
    assert scorer.score(one, other, "x").weight == pytest.approx(
        scorer.score(other, one, "x").weight
    )


@given(DESCRIPTIONS)
def test_more_that_agrees_never_weighs_less(one: Described) -> None:
    scorer = Scorer(shipped(), Frequencies())
    without = Described(names=one.names, births=one.births)
    whole = Described(
        names=one.names,
        births=one.births,
        phones=frozenset({"7700900123"}),
        postcodes=frozenset({"SE58AZ"}),
    )
    assert scorer.score(whole, whole, "x").weight >= scorer.score(without, whole, "x").weight


@given(DESCRIPTIONS, DESCRIPTIONS)
def test_nobody_is_attached_without_a_given_name_or_the_number(
    one: Described, other: Described
) -> None:
    score = Scorer(shipped(), Frequencies()).score(one, other, "x")
    decision = decide_scored(one, [score], shipped(), 1000)
    if decision.verdict == "attach":
        assert score.names_given or score.level("nhs_number") == "exact"
        assert score.level("nhs_number") not in {"differs", "digit"}


def test_a_crowded_key_counts_only_with_another() -> None:
    crowd = [f"p{number}" for number in range(10)]
    assert gather({2: crowd, 4: ["p3"]}, cap=5) == {"p3"}
    assert gather({2: crowd, 4: [*crowd[:6], "q"]}, cap=5) == set(crowd[:6])


def test_of_too_many_those_who_share_more_are_weighed_and_never_the_first_so_many() -> None:
    crowd = [f"p{number}" for number in range(10)]
    telephone, number = hashed("tel|1"), hashed("nhs|1")
    holders = {2: crowd, 4: crowd[5:], 6: crowd[5:7], telephone: ["p0"]}
    assert gather(holders, cap=20, most=20) == set(crowd)
    assert gather(holders, cap=20, most=6) == {*crowd[5:], "p0"}, (
        "and whose telephone it is, whatever else"
    )
    assert gather(holders, cap=20, most=3) == {"p5", "p6", "p0"}
    alike = {2 * number: crowd for number in range(7)} | {number: ["p4"]}
    assert gather(alike, cap=20, most=3) == {"p4"}, (
        "more than can be told apart are nobody in particular"
    )


def test_a_key_that_thousands_share_says_nothing_of_anybody() -> None:
    assert gather({2: [f"p{number}" for number in range(3001)], 4: ["q"]}) == {"q"}


def test_both_names_of_many_say_less_than_each_by_itself() -> None:
    chance = random.Random(1)
    khans = [Described(names=(("mohammed", "khan"),)) for _ in range(40)]
    strangers = [
        Described(names=((f"g{chance.random()}", f"f{chance.random()}"),)) for _ in range(1960)
    ]
    on_file_ = Described(names=(("mohammed", "khan"),), births=(Birth(1980, 5, 6),))
    counted = frequencies([on_file_, *khans, *strangers])
    score = Scorer(shipped(), counted).score(on_file_, on_file_, "x")
    together = sum(
        event.weight or 0.0
        for event in score.evidence
        if event.field in {"given", "family", "name_pair"}
    )
    exact = shipped().levels["given"]["exact"] + shipped().levels["family"]["exact"]
    assert together == pytest.approx(-log2(40 / 2001) + exact)
    alone = Scorer(shipped(), replace(counted, pair=Counter())).score(on_file_, on_file_, "x")
    assert alone.weight - score.weight == pytest.approx(
        -score.evidence[2].weight if score.evidence[2].weight else 0.0
    )
    assert alone.weight > score.weight + 5, (
        "without it, each name by itself would make a namesake the person"
    )


def test_one_who_is_called_so_alone_loses_nothing() -> None:
    rare = Described(names=(("thelonious", "featherstonehaugh"),))
    strangers = [Described(names=((f"g{number}", f"f{number}"),)) for number in range(2000)]
    score = Scorer(shipped(), frequencies([rare, *strangers])).score(rare, rare, "x")
    assert not [event for event in score.evidence if event.field == "name_pair"]


COMMON = {"muhammad": 60, "mohammed": 400}
HIS_BIRTHDAY = "1988-05-21"


@pytest.mark.parametrize(
    ("changes", "called", "people", "rule"),
    [
        ({}, COMMON, 20_000, "family-guard"),
        ({"born": None}, COMMON, 20_000, "family-guard"),
        ({"said_born": HIS_BIRTHDAY}, COMMON, 20_000, None),
        ({}, COMMON | {"muhammad": 49}, 20_000, None),
        ({}, COMMON, 30_001, None),
        ({"said_given": "Mohammed"}, COMMON, 20_000, None),
    ],
    ids=[
        "home and telephone",
        "no birthday on file",
        "and a birthday",
        "called so by 49",
        "by 1 in 501",
        "written alike",
    ],
)
def test_a_name_that_many_write_in_two_ways_may_be_a_relatives(
    changes: dict[str, Any], called: dict[str, int], people: int, rule: str | None
) -> None:
    home: dict[str, Any] = {"addresses": [{"postcode": "E1 4NS"}], "phones": ["+447700900321"]}
    caller = home | {
        "names": [{"given": changes.get("said_given", "Muhammad"), "family": "Khatun"}]
    }
    recorded = home | {
        "names": [{"given": "Mohammed", "family": "Khatun"}],
        "date_of_birth": changes.get("born", HIS_BIRTHDAY),
    }
    register = Frequencies(people, Counter(called), Counter(khatun=90))
    description = described([said(**caller, date_of_birth=changes.get("said_born"))])
    assert (
        veto(
            Scorer(shipped(), register).score(description, described([said(**recorded)]), "x"),
            description,
        )
        == rule
    )


def test_a_wrong_birthday_does_not_part_one_name_at_one_address_but_a_generation_does() -> None:
    near = decide(nameless_number(date_of_birth="1981-02-03"), [on_file()])
    assert (near.outcome, near.person_id) == ("attached", "zofia")
    assert decide(nameless_number(date_of_birth="1955-02-03"), [on_file()]).rule == "birth-differs"
    elsewhere = nameless_number(date_of_birth="1981-02-03", addresses=[{"postcode": "E1 4NS"}])
    assert decide(elsewhere, [on_file()]).rule == "birth-differs"


def test_half_a_name_in_a_short_form_needs_three_kinds_of_evidence() -> None:
    short = {
        "nhs_number": None,
        "nhs_number_status": None,
        "names": [{"given": "Zosia"}],
        "addresses": None,
    }
    assert decide(said(**(SHE | short | {"phones": None})), [on_file()]).outcome != "attached"
    with_place = said(**(SHE | short | {"addresses": SHE["addresses"]}))
    assert decide(with_place, [on_file()]).outcome == "attached"


def test_a_name_of_its_own_is_no_slip_of_the_pen() -> None:
    amina = Described(
        names=(("amina", "farah"),), births=(Birth(1990, 5, 6),), postcodes=frozenset({"E14NS"})
    )
    amira = Described(
        names=(("amira", "farah"),), births=(Birth(1990, 5, 6),), postcodes=frozenset({"E14NS"})
    )
    amixa = Described(
        names=(("amixa", "farah"),), births=(Birth(1990, 5, 6),), postcodes=frozenset({"E14NS"})
    )
    strangers = [
        Described(names=((given_name, family_name),))
        for given_name in ("amira", "amina")
        for family_name in ("ali", "khan", "diaz")
    ]
    scorer = Scorer(shipped(), frequencies([amina, *strangers]))
    assert not scorer.score(amira, amina, "x").names_given
    assert scorer.score(amixa, amina, "x").names_given


def test_a_row_that_cannot_be_read_names_its_field() -> None:
    with pytest.raises(BadField, match=r"date_of_birth: write it as YYYY-MM-DD"):
        read({"id": "1", "date_of_birth": "14/09/1985"})
    key, row = read({"id": "1", "given_name": "Ann", "date_of_birth": "1980-38-29", "sex": "F"})
    assert (key, row.births, row.sex) == ("1", (Birth(1980, 38, 29),), "female")
    assert keys_of(row)


def test_a_model_that_lacks_a_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the model lacks 'clamp'"):
        model_of("{}")
    document, _ = document_of(None)
    del document["birth"]["same-years"]
    with pytest.raises(ValueError, match=r"the model lacks 'birth\.same-years'"):
        model_of(json.dumps(document))


PNC = {"system": "pnc", "value": "2005/0012345A"}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"names": [{"given": "Xq", "family": "Nowak"}]}, "attached"),
        ({"names": [{"family": "Nowak"}], "addresses": []}, "attached"),
        (
            {"names": [{"given": "Xq", "family": "Brown"}], "date_of_birth": "1951-02-03"},
            "possible",
        ),
        ({"names": [{"given": "Xq", "family": "Brown"}], "addresses": []}, "possible"),
    ],
    ids=["birthday, surname and home", "birthday and surname", "home alone", "birthday alone"],
)
def test_an_agencys_own_number_stands_in_for_the_given_name_where_two_other_things_bear_it_out(
    changes: dict[str, Any], outcome: str
) -> None:
    record = on_file(identifiers=[PNC])
    assert decide(nameless_number(identifiers=[PNC], **changes), [record]).outcome == outcome
    without = decide(nameless_number(**changes), [record])
    assert without.outcome != "attached", "and it is the number that does it"


def test_a_mother_or_a_sister_called_anna_is_not_taken_for_savannah() -> None:
    savannah = on_file(
        names=[{"given": "Savannah", "family": "Powers"}], date_of_birth="2012-08-28"
    )
    mother = nameless_number(
        names=[{"given": "Anna", "family": "Powers"}], date_of_birth="1985-08-28"
    )
    assert name_level("anna", "savannah", True) == "nickname"
    assert (decision := decide(mother, [savannah])).outcome == "possible"
    assert decision.rule == "birth-differs"
    sister = nameless_number(
        names=[{"given": "Anna", "family": "Powers"}], date_of_birth="2001-08-28"
    )
    assert (decision := decide(sister, [savannah])).outcome == "possible"
    assert decision.rule == "family-guard"
    herself = nameless_number(
        names=[{"given": "Anna", "family": "Powers"}], date_of_birth="2012-08-28"
    )
    assert decide(herself, [savannah]).outcome == "attached"


def test_a_register_larger_than_the_model_was_judged_for_asks_for_more() -> None:
    model = shipped()
    assert [attach_at(model, population) for population in (0, 1000, model.population)] == [
        model.attach
    ] * 3
    assert attach_at(model, 8 * model.population) == pytest.approx(model.attach + 3)
    assert population_of(model, Frequencies()) == model.population
    assert population_of(model, Frequencies(8 * model.population)) == 8 * model.population
    one = described([said(names=SHE["names"], date_of_birth=SHE["date_of_birth"])])
    counted = Frequencies(model.population, Counter(zofia=2_000), Counter(nowak=2_000))
    score = Scorer(model, counted).score(one, one, "x")
    assert score.weight > prior_of(model.population) + model.attach
    assert score.weight < prior_of(8 * model.population) + model.attach + 3
    assert decide_scored(one, [score], model, model.population).verdict == "attach"
    assert decide_scored(one, [score], model, 8 * model.population).verdict == "possible"
    # the live decision takes the size of the register from what is counted of it
    on_files = [on_file("x", nhs_number=None, addresses=[], phones=[])]
    descriptor = said(names=SHE["names"], date_of_birth=SHE["date_of_birth"])
    large = replace(
        counted,
        people=8 * model.population,
        given=Counter(zofia=16_000),
        family=Counter(nowak=16_000),
    )
    assert decide(descriptor, on_files, frequencies=counted).outcome == "attached"
    assert decide(descriptor, on_files, frequencies=large).outcome == "possible"
