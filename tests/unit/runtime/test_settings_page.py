"""Every setting is documented as the code has it."""

from __future__ import annotations

from services.runtime.settings import SECRETS, Settings
from services.runtime.settings_page import FOR_TESTS, PAGE, SERVICE_OF, settings_page


def test_the_page_is_as_the_settings_are() -> None:
    stale = "docs/settings.md is stale: python -m services.runtime.settings_page"
    assert PAGE.read_text(encoding="utf-8") == settings_page(), stale


def test_every_setting_says_what_it_means() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []


def test_every_setting_stands_there_but_what_only_tests_set() -> None:
    page = settings_page()
    named = {name for name in Settings.model_fields if f"`LIAISON_{name.upper()}`" in page}
    assert named == set(Settings.model_fields) - FOR_TESTS


def test_every_secret_says_that_it_may_stand_in_a_file() -> None:
    page = settings_page()
    assert page.count("or a file (`") == len(SECRETS)


def test_every_section_has_a_setting() -> None:
    unused = [
        prefix
        for prefix in SERVICE_OF
        if not any(name.startswith(prefix) for name in Settings.model_fields)
    ]
    assert unused == []
