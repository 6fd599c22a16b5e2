from pathlib import Path

import pytest

from infra.local.settings import LocalError, read_settings, support_address


def test_ports_and_folders_have_the_defaults_of_the_contract() -> None:
    settings = read_settings({})
    assert (settings.site_port, settings.smtp_port, settings.stack_port) == (8000, 2525, 4566)
    assert settings.stack_file.parts[-2:] == (".local", "stack.json")


def test_every_port_can_be_chosen() -> None:
    settings = read_settings({"KEPT_PORT": "1", "KEPT_SMTP_PORT": "2", "KEPT_STACK_PORT": "3"})
    assert settings.site_url == "http://localhost:1"
    assert settings.endpoint == "http://127.0.0.1:3"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80.0"])
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(LocalError, match="KEPT_PORT"):
        read_settings({"KEPT_PORT": port})


def test_mail_comes_in_for_the_address_that_the_built_policy_names(tmp_path: Path) -> None:
    file = tmp_path / "KeptLayer/policy.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[site]\nsupport_email = "help@shop.example"\n', encoding="utf-8")
    assert support_address(tmp_path) == "help@shop.example"


def test_a_missing_build_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="make build"):
        support_address(tmp_path)
