"""How the dependencies layer is reduced."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from infra.build.dependencies import ContentsError, drop, keep_services


def test_what_a_pattern_matches_is_deleted_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "dns").mkdir()
    (tmp_path / "dns" / "resolver.py").touch()
    (tmp_path / "kept.py").touch()
    (tmp_path / "kept.pyi").touch()
    drop(tmp_path, ["dns", "**/*.pyi"])
    assert [path.name for path in tmp_path.iterdir()] == ["kept.py"]


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentsError, match="'gone' matches nothing"):
        drop(tmp_path, ["gone"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder like botocore's data: two services, one of them in two versions."""
    operation = {"documentation": "long", "shapes": {"documentation": {"type": "string", "documentation": "long"}}}
    for service, version in (("s3", "2005-01-01"), ("s3", "2006-03-01"), ("ec2", "2016-11-15")):
        folder = tmp_path / service / version
        folder.mkdir(parents=True)
        (folder / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(operation).encode()))
        (folder / "service-2.sdk-extras.json").write_text('{"version": 1}')
        (folder / "examples-1.json").write_text("{}")
    partition = {"regions": {"eu-west-1": {}}, "services": {"s3": {"a": 1}, "ec2": {"b": 2}}}
    (tmp_path / "endpoints.json").write_text(json.dumps({"version": 3, "partitions": [partition]}))
    return tmp_path


def test_only_the_latest_api_of_the_chosen_services_is_kept(data: Path) -> None:
    keep_services(data, ["s3"])
    assert {str(file.relative_to(data)) for file in data.rglob("*.*")} == {
        "endpoints.json",
        "s3/2006-03-01/service-2.json",
        "s3/2006-03-01/service-2.sdk-extras.json",
    }


def test_documentation_goes_but_not_a_member_that_is_called_so(data: Path) -> None:
    keep_services(data, ["s3"])
    description = json.loads((data / "s3" / "2006-03-01" / "service-2.json").read_text())
    assert description == {
        "documentation": "",
        "shapes": {"documentation": {"type": "string", "documentation": ""}},
    }


def test_endpoints_of_other_services_go_and_regions_stay(data: Path) -> None:
    keep_services(data, ["s3"])
    (partition,) = json.loads((data / "endpoints.json").read_text())["partitions"]
    assert partition == {"regions": {"eu-west-1": {}}, "services": {"s3": {"a": 1}}}


def test_a_service_that_botocore_does_not_have_is_an_error(data: Path) -> None:
    with pytest.raises(ContentsError, match="botocore has no s4"):
        keep_services(data, ["s3", "s4"])
