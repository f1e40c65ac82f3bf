"""Settings come from the environment in one place, and say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKSCORE_PROFILE", "authority")
    monkeypatch.setenv("RISKSCORE_MAX_BODY", "1000")
    monkeypatch.setenv("RISKSCORE_SOPS", "/srv/sops")
    settings = Settings.from_environment()
    assert (settings.profile, settings.max_body, settings.sops) == ("authority", 1000, Path("/srv/sops"))


def test_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKSCORE_PROFILE", "authority")
    assert Settings.from_environment(profile="operator").profile == "operator"


@pytest.mark.parametrize(("name", "value"), [("RISKSCORE_PROFILE", "boss"), ("RISKSCORE_MAX_BODY", "a lot")])
def test_a_variable_without_meaning_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name):
        Settings.from_environment()
