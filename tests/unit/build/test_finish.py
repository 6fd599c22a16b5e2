"""The last step of a build."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.build.finish import artefacts, sizes


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Two layers and two functions, as `sam build` lays them out."""
    for name, size in (("ALayer/python/a.py", 3_000_000), ("BLayer/python/b.py", 500_000)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"#" * size)
    for name, size in (("OneFunction/app.py", 100), ("TwoFunction/app.py", 1_000_000)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"#" * size)
    (tmp_path / "template.yaml").touch()
    return tmp_path


def test_layers_are_told_from_functions(build: Path) -> None:
    layers, functions = artefacts(build)
    assert [folder.name for folder in layers] == ["ALayer", "BLayer"]
    assert [folder.name for folder in functions] == ["OneFunction", "TwoFunction"]


def test_the_total_is_all_layers_and_the_largest_function(build: Path) -> None:
    table, total = sizes(build)
    assert total == 4_500_000
    assert "TwoFunction" in table
    assert "OneFunction" not in table
