"""What `make build` made: compiled, small, and nothing in it that is not used."""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.build.finish import LIMIT_MB, MEGABYTE, artefacts, sizes
from kept.domain.mail.intents import PHRASES
from kept.domain.mail.phrase_files import load_languages

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
HASHED_UNCHECKED = 0b01  # PEP 552: valid whatever the source's date and content

# Runs in a fresh interpreter that sees nothing but the build: imports what it is told to, then says where each module
# came from. Compiling any of it raises the audit event, so a module without usable bytecode cannot load at all.
LOADER = """
import importlib, json, sys
folder, names = sys.argv[1], sys.argv[2:]

def refuse(event, arguments):
    if event == "compile" and str(arguments[1]).startswith(folder):
        raise RuntimeError("compiled at import: " + arguments[1])

sys.addaudithook(refuse)
for name in names:
    importlib.import_module(name)
files = (getattr(module, "__file__", None) for module in sys.modules.values())
print(json.dumps([file for file in files if file and file.startswith(folder)]))
"""


def loaded_from(path: list[Path], below: Path, names: list[str]) -> list[str]:
    """Import modules with only `path` (and the standard library) to be found; the files below `below` then loaded."""
    environment = {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "POWERTOOLS_SERVICE_NAME": "test",
        "POWERTOOLS_METRICS_NAMESPACE": "Kept",
    }
    command = [sys.executable, "-S", "-B", "-c", LOADER, str(below), *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files: list[str] = json.loads(done.stdout)
    return files


def module_names(folder: Path) -> list[str]:
    """The dotted names of all modules below a folder."""
    names = (".".join(file.relative_to(folder).with_suffix("").parts) for file in folder.rglob("*.py"))
    return sorted(name.removesuffix(".__init__") for name in names)


def test_every_module_has_bytecode_that_is_valid_whatever_its_sources_date(build: Path) -> None:
    sources = list(build.rglob("*.py"))
    assert len(sources) > 500
    for source in sources:
        bytecode = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER, source
        assert int.from_bytes(bytecode[4:8], "little") == HASHED_UNCHECKED, source
        assert bytecode[8:16] == importlib.util.source_hash(source.read_bytes()), source
        assert marshal.loads(bytecode[16:]).co_filename.startswith(("/opt/", "/var/task/")), source  # noqa: S302


def test_every_module_of_the_product_loads_from_its_bytecode_though_sources_are_dated_1980(
    build: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(build, tmp_path / "build")
    layers, functions = artefacts(copy)
    for source in copy.rglob("*.py"):
        os.utime(source, (315532800, 315532800))  # 1980-01-01, as in Lambda's ZIP files
    path = [layer / "python" for layer in layers]
    product = copy / "KeptLayer" / "python"
    names = module_names(product)
    assert "kept.domain.policy" in names
    files = loaded_from(path, copy, names)
    assert {str(file) for file in product.rglob("*.py")} <= set(files)
    assert len(functions) == len(list((ROOT / "functions").glob("*/app.py")))
    for function in functions:
        assert str(function / "app.py") in loaded_from([function, *path], copy, module_names(function))


def test_the_loader_of_these_tests_notices_a_module_without_bytecode(build: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(build / "KeptLayer", tmp_path / "KeptLayer")
    source = copy / "python" / "kept" / "domain" / "errors.py"
    Path(importlib.util.cache_from_source(str(source))).unlink()
    try:
        loaded_from([copy / "python"], copy, ["kept.domain.errors"])
    except AssertionError as error:
        assert "compiled at import" in str(error)  # noqa: PT017 - the subject is a helper's own assertion
    else:
        raise AssertionError


def test_the_layers_and_the_largest_function_stay_under_the_limit(build: Path) -> None:
    table, total = sizes(build)
    assert total < LIMIT_MB * MEGABYTE, table


def test_botocore_knows_only_the_chosen_services(build: Path) -> None:
    contents = tomllib.loads((ROOT / "layers" / "dependencies" / "contents.toml").read_text())
    data = build / "DependenciesLayer" / "python" / "botocore" / "data"
    assert sorted(folder.name for folder in data.iterdir() if folder.is_dir()) == sorted(contents["services"])


def test_a_client_of_every_chosen_service_can_be_made(build: Path) -> None:
    contents = tomllib.loads((ROOT / "layers" / "dependencies" / "contents.toml").read_text())
    code = (
        "import sys, botocore.session\n"
        "session = botocore.session.Session()\n"
        "session.set_credentials('a', 'b')\n"
        "for name in sys.argv[1:]:\n"
        "    client = session.create_client(name, region_name='eu-west-1')\n"
        "    print(client.meta.endpoint_url)\n"
    )
    command = [sys.executable, "-S", "-B", "-c", code, *contents["services"]]
    environment = {"PYTHONPATH": str(build / "DependenciesLayer" / "python")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [address.startswith("https://") for address in done.stdout.split()] == [True] * len(contents["services"])


def test_nothing_is_in_it_that_was_left_out_on_purpose(build: Path) -> None:
    layers, functions = artefacts(build)
    folders = [*(layer / "python" for layer in layers), *functions]
    names = {entry.name for folder in folders for entry in folder.iterdir()}
    unwanted = {"aws_xray_sdk", "bin", "boto3", "dns", "pydantic", "pydantic_core", "pip", "s3transfer", "tests"}
    assert not names & unwanted
    assert {"kept", "botocore", "pynamodb", "aws_lambda_powertools", "app.py"} <= names


def test_licences_of_what_is_shipped_are_shipped_with_it(build: Path) -> None:
    for distribution in (build / "DependenciesLayer" / "python").glob("*.dist-info"):
        files = [file.name.upper() for file in distribution.rglob("*")]
        assert "METADATA" in files
        assert any(name.startswith(("LICEN", "COPYING", "NOTICE")) for name in files), distribution.name


def test_the_policy_and_the_interfaces_description_are_beside_the_package(build: Path) -> None:
    layer = build / "KeptLayer"
    assert (layer / "policy.toml").read_bytes() == (ROOT / "layers" / "kept" / "policy.toml").read_bytes()
    assert json.loads((layer / "openapi.json").read_text())["openapi"] == "3.1.0"


def test_the_phrases_are_compiled(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kept.domain.mail.phrase_files.compile_file", None)  # what a cold start has no time for
    folder = build / "KeptLayer/python" / "kept/domain/mail/phrases"
    names = {known.name for known in load_languages(folder) if known.lexicon}
    assert names == {path.stem for path in PHRASES.glob("*.toml")}
