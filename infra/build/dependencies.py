"""The dependencies layer: the locked wheels of the target platform, without what is never used, compiled.

Run by layers/dependencies/Makefile, which `sam build` runs. Nothing of the target is executed, so a layer for arm64 is
built on x86_64 just as well. What is built is kept under a digest of all that it is made from.
"""

import argparse
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from infra.build.bytecode import InterpreterMissingError, compile_folder, interpreter

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "runtime.txt"
CONTENTS = ROOT / "layers" / "dependencies" / "contents.toml"
CACHE = ROOT / ".local" / "build"

SHOWN_AS = "/opt/python"
# glibc 2.17 and later: every Lambda runtime's Linux has that, and so has every Linux that `make run` is run on.
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
# Of a service's description: its operations, where its endpoints are, and paging. Not the waiters and examples.
SERVICE_FILES = ("service-2", "endpoint-rule-set-1", "paginators-1")


class ContentsError(Exception):
    """contents.toml names something that the locked packages do not have."""


def layer(runtime: str, architecture: str) -> Path:
    """The finished folder for `runtime` ("python3.13") and `architecture` (a key of PLATFORMS), made if need be.

    Raises InterpreterMissingError, ContentsError, and subprocess.CalledProcessError where a wheel cannot be installed.
    """
    python = interpreter(runtime)
    made_from = hashlib.sha256(f"{runtime} {architecture}".encode())
    for file in (LOCK, CONTENTS, Path(__file__), Path(__file__).with_name("bytecode.py")):
        made_from.update(file.read_bytes())
    finished = CACHE / f"dependencies-{runtime}-{architecture}-{made_from.hexdigest()[:16]}"
    if not finished.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            folder = Path(scratch) / "python"
            install(folder, runtime, architecture)
            contents = tomllib.loads(CONTENTS.read_text())
            drop(folder, contents["drop"])
            keep_services(folder / "botocore" / "data", contents["services"])
            compile_folder(folder, shown_as=SHOWN_AS, python=python)
            folder.rename(finished)
    return finished


def install(folder: Path, runtime: str, architecture: str) -> None:
    """Put the locked packages for that platform into `folder`: wheels only, each checked against its hash."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "install", "--quiet", "--target", str(folder)]
    platform = ["--python-platform", PLATFORMS[architecture], "--python-version", runtime.removeprefix("python")]
    checked = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy"]
    subprocess.run([*command, *platform, *checked, "--requirements", str(LOCK)], check=True)


def drop(folder: Path, patterns: list[str]) -> None:
    """Delete what the patterns match. Raises ContentsError for one that matches nothing: it is then out of date."""
    for pattern in patterns:
        matches = list(folder.glob(pattern))
        if not matches:
            message = f"{CONTENTS}: drop: {pattern!r} matches nothing"
            raise ContentsError(message)
        for match in matches:
            if match.is_dir():
                shutil.rmtree(match)
            else:
                match.unlink()


def keep_services(data: Path, services: list[str]) -> None:
    """Reduce botocore's `data` to the latest API of `services`, as plain JSON without documentation.

    Measured (CPU of making a DynamoDB client, of DynamoDB, S3 and Secrets Manager clients): as shipped 55 and 88 ms,
    uncompressed without documentation 30 and 69 ms, with endpoints.json reduced as well 12 and 30 ms.
    """
    missing = [name for name in services if not (data / name).is_dir()]
    if missing:
        message = f"{CONTENTS}: services: botocore has no {', '.join(missing)}"
        raise ContentsError(message)
    for service in filter(Path.is_dir, list(data.iterdir())):
        if service.name not in services:
            shutil.rmtree(service)
            continue
        *older, latest = sorted(service.iterdir())
        for version in older:
            shutil.rmtree(version)
        for file in list(latest.iterdir()):
            _reduce_description(file)
    endpoints = data / "endpoints.json"
    tree = json.loads(endpoints.read_bytes())
    for partition in tree["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name in services}
    _write(endpoints, tree)


def _reduce_description(file: Path) -> None:
    """Rewrite one file of a service's description plainly, or delete it where it is not of SERVICE_FILES."""
    content = file.read_bytes()
    file.unlink()
    if file.name.startswith(SERVICE_FILES):
        packed = file.suffix == ".gz"
        tree = json.loads(gzip.decompress(content) if packed else content)
        _write(file.with_suffix("") if packed else file, _without_documentation(tree))


def _without_documentation(tree: Any) -> Any:
    """With empty documentation texts (botocore reads some); a member that is called so is an object and stays."""
    if isinstance(tree, dict):
        return {
            key: "" if key == "documentation" and isinstance(value, str) else _without_documentation(value)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [_without_documentation(value) for value in tree]
    return tree


def _write(file: Path, tree: Any) -> None:
    file.write_text(json.dumps(tree, separators=(",", ":")))


def main() -> None:
    """Copy the layer to where `sam build` wants it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--architecture", required=True, choices=PLATFORMS)
    parser.add_argument("--output", required=True, type=Path)
    options = parser.parse_args()
    try:
        shutil.copytree(layer(options.runtime, options.architecture), options.output)
    except (InterpreterMissingError, ContentsError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
