"""Which environment variables are settings: none is passed over in silence, and a secret may stand
in a file of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

from services.runtime.errors import SettingsError

PREFIX = "LIAISON_"
FILE_END = "_FILE"
# What is no setting of a service though it begins like one, with its reason.
BESIDE: Mapping[str, str] = {
    "LIAISON_REQUIRE_KAFKA": "tells the tests, and deploy/kafka/install, that a missing broker is an error"
}


def secrets_from_files(
    environment: Mapping[str, str], settings: Collection[str], secrets: Collection[str]
) -> dict[str, str]:
    """The secrets whose `LIAISON_…_FILE` is set, by the setting's name. Raises SettingsError for a
    variable that is no setting, a file that cannot be read, and a secret that is said twice."""
    names = {PREFIX + name.upper(): name for name in settings}
    files = {PREFIX + name.upper() + FILE_END: name for name in secrets}
    contents = {}
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX) or variable in BESIDE:
            continue
        name = files.get(variable.upper())
        if name is not None:
            if any(names.get(other.upper()) == name for other in environment):
                raise SettingsError(
                    f"{variable} and {PREFIX}{name.upper()} are both set: take one of them away"
                )
            contents[name] = _content(variable, Path(environment[variable]))
        elif variable.upper() not in names:
            (nearest,) = get_close_matches(variable.upper(), [*names, *files], n=1, cutoff=0)
            raise SettingsError(f"{variable} is no setting; the nearest one is {nearest}")
    return contents


def _content(variable: str, path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{variable}: {path} cannot be read: {type(error).__name__}") from error
    if not content:
        raise SettingsError(f"{variable}: {path} is empty")
    return content
