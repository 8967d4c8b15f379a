"""`liaison rules` lists, explains and checks the rules and the policy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from schemas.registry import SUPERVISOR_OF
from services.command_line import COMMANDS, main
from services.liaison import policy as policy_module
from services.liaison import schema
from services.liaison.catalogue import CATALOGUE

SHIPPED = yaml.safe_load(
    (Path(policy_module.__file__).parent / "policy.yaml").read_text(encoding="utf-8")
)
LONDON = Path(__file__).parents[3] / "schemas" / "registries" / "london.yaml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def policy_file(folder: Path, **changed: Any) -> Path:
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(SHIPPED | changed), encoding="utf-8")
    return path


def test_the_command_is_there() -> None:
    assert "rules" in COMMANDS


def test_every_rule_is_listed_and_what_the_policy_did_to_it(tmp_path: Path) -> None:
    changed = policy_file(
        tmp_path, limits={"R01": {"retriage_within": 240}}, switched_off={"R18": "tried next year"}
    )
    said = run("list", "--policy", changed)
    assert said.exit_code == 0
    lines = {line[:3]: line for line in said.stdout.splitlines() if line.startswith("R")}
    assert lines.keys() == CATALOGUE.keys()
    assert "changed" in lines["R01"]
    assert "off" in lines["R18"]
    assert "changed" not in lines["R02"]


def test_the_list_for_machines_has_limits_as_they_hold_and_as_shipped(tmp_path: Path) -> None:
    changed = policy_file(tmp_path, limits={"R01": {"retriage_within": 240}})
    by_id = {r["id"]: r for r in json.loads(run("list", "--json", "--policy", changed).stdout)}
    limit = by_id["R01"]["limits"]["retriage_within"]
    assert (limit["value"], limit["shipped"], limit["changed"]) == (240, 300, True)


@pytest.mark.parametrize("rule", CATALOGUE)
def test_a_rule_is_explained_with_all_that_was_reviewed(rule: str) -> None:
    said = run("explain", rule)
    assert said.exit_code == 0
    text = " ".join(said.stdout.split())
    told = CATALOGUE[rule]
    wanted = (
        told.when,
        told.ends,
        *told.next_step.values(),
        *told.notes,
        *told.not_when,
        *(s.says for s in told.evidence),
        *told.limits,
    )
    assert [w for w in wanted if " ".join(w.split()) not in text] == []


def test_the_explanation_says_what_the_policy_changed(tmp_path: Path) -> None:
    said = run(
        "explain", "R01", "--policy", policy_file(tmp_path, limits={"R01": {"retriage_within": 90}})
    )
    assert "retriage_within: 1 min 30 s" in " ".join(said.stdout.split())
    assert "the policy changed it from 5 min" in " ".join(said.stdout.split())


def test_an_unknown_rule_is_refused_with_those_there_are() -> None:
    said = run("explain", "R99")
    assert said.exit_code == 2
    assert "R99 is not in the catalogue" in said.output
    assert "R01" in said.output


def test_the_shipped_policy_rules_and_registry_are_sound() -> None:
    said = run("check")
    assert said.exit_code == 0, said.output
    assert said.stdout == f"{len(CATALOGUE)} rules, 0 faults\n"


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"limits": {"R99": {"a": 1}}}, "/", "R99, which is not in the catalogue"),
        (
            {"limits": {"R01": {"nonsense": 1}}},
            "/",
            "which the rule does not have; it has: ambulance_request_within",
        ),
        (
            {"limits": {"R04": {"ambulance_arrival_within": 3600}}},
            "/",
            "cannot be loosened; set 1800 or less",
        ),
        ({"switched_off": {"R01": "too loud"}}, "/", "R01 cannot be switched off"),
        (
            {"feed_silent_after_seconds": 1},
            "/feed_silent_after_seconds",
            "greater than or equal to 5",
        ),
        ({"unheard_of": 1}, "/unheard_of", "Extra inputs are not permitted"),
    ],
)
def test_a_bad_policy_is_refused_with_place_and_remedy(
    tmp_path: Path, changed: dict[str, Any], place: str, said: str
) -> None:
    answer = run("check", "--json", "--policy", policy_file(tmp_path, **changed))
    assert answer.exit_code == 1
    (fault,) = json.loads(answer.stdout)["faults"]
    assert f"policy.yaml at {place}:" in fault
    assert said in fault


def test_several_faults_are_each_said(tmp_path: Path) -> None:
    answer = run("check", "--policy", policy_file(tmp_path, version=0, feed_silent_after_seconds=1))
    assert answer.exit_code == 1
    assert "/version" in answer.stdout
    assert "/feed_silent_after_seconds" in answer.stdout
    assert "2 faults" in answer.stdout


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (
            {"ambulance-control"},
            "no ambulance-control desk serves it, so its alerts would reach nobody; add one",
        ),
        ({SUPERVISOR_OF["ambulance"]}, "nobody is told when"),
    ],
)
def test_a_desk_that_nobody_staffs_is_a_fault(tmp_path: Path, roles: set[str], said: str) -> None:
    registry = yaml.safe_load(LONDON.read_text(encoding="utf-8"))
    for agency in registry["agencies"]:
        agency["desks"] = [d for d in agency.get("desks", ()) if d["role"] not in roles]
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(registry), encoding="utf-8")
    answer = run("check", "--registry", path)
    assert answer.exit_code == 1
    assert said in answer.stdout


def test_a_role_of_a_rule_without_a_desk_in_an_area_is_a_fault(tmp_path: Path) -> None:
    registry = yaml.safe_load(LONDON.read_text(encoding="utf-8"))
    registry["agencies"] = [a for a in registry["agencies"] if a["id"] != "ed-newham-hospital"]
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(registry), encoding="utf-8")
    answer = run("check", "--registry", path)
    assert answer.exit_code == 1
    assert "R11, R18, R22: no emergency-department desk in newham; add one" in answer.stdout
    assert run("check").exit_code == 0, "London as it is shipped has a department for every area"


def test_the_committed_schemas_are_as_the_models_say() -> None:
    stale = [
        p.name
        for p, text in schema.files().items()
        if not p.exists() or p.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `python -m services.liaison.schema`"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((schema.FOLDER / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (schema.FOLDER.parent / "policy.yaml", "policy.schema.json"),
        *(
            (p, "rule.schema.json")
            for p in sorted((schema.FOLDER.parent / "catalogue").glob("*.yaml"))
        ),
    ],
    ids=lambda p: p.stem if isinstance(p, Path) else "",
)
def test_each_file_is_valid_by_its_schema_and_names_no_other(path: Path, name: str) -> None:
    text = path.read_text(encoding="utf-8")
    document = json.loads(json.dumps(yaml.safe_load(text), default=str))
    jsonschema.Draft202012Validator(read(name)).validate(document)
    if (named := re.match(r"# yaml-language-server: \$schema=(\S+)", text)) is not None:
        assert (path.parent / named[1]).resolve() == schema.FOLDER / name


def test_the_schema_refuses_what_the_policy_refuses_where_a_schema_can_say_it() -> None:
    validator = jsonschema.Draft202012Validator(read("policy.schema.json"))
    document = json.loads(json.dumps(SHIPPED, default=str))
    assert not validator.is_valid(document | {"unheard_of": 1})
    assert not validator.is_valid(document | {"feed_silent_after_seconds": 1})


def test_a_rule_file_that_is_no_yaml_is_told_with_file_and_line_and_not_traced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import services.command_line as command_line
    from services.liaison.catalogue import read_document

    def broken(_: str) -> object:
        return read_document("R01.yaml", "id: R01\ntitle: [unclosed\n")

    monkeypatch.setattr(command_line, "import_module", broken)
    answer = CliRunner().invoke(main, ["rules", "check"])
    assert answer.exit_code == 1
    assert "R01.yaml is not YAML" in answer.output
    assert "line 3" in answer.output
    assert "Traceback" not in answer.output
