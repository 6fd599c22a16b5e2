"""The last step of a build: bytecode for the product's own code, and the sizes.

Run by the Makefile after `sam build`, which copies functions without bytecode. The dependencies layer comes compiled.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

from infra.build.bytecode import InterpreterMissingError, compile_folder, interpreter

# Lambda allows 250 MB; what is unpacked and read costs time at every cold start.
LIMIT_MB = 45
MEGABYTE = 1_000_000
COMPILED_ALREADY = "DependenciesLayer"


def artefacts(build: Path) -> tuple[list[Path], list[Path]]:
    """The layers (they have a python/ folder) and the functions in a build folder, sorted by name."""
    folders = sorted(path for path in build.iterdir() if path.is_dir())
    layers = [folder for folder in folders if (folder / "python").is_dir()]
    return layers, [folder for folder in folders if folder not in layers]


def unzipped_size(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def zipped_size(folder: Path) -> int:
    """Bytes of `folder` as the ZIP that is deployed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.rglob("*"):
            archive.write(file, file.relative_to(folder))
    return len(buffer.getvalue())


def compile_own_code(build: Path, runtime: str) -> None:
    """Compile the functions, and the layers other than the dependencies."""
    python = interpreter(runtime)
    layers, functions = artefacts(build)
    for layer in layers:
        if layer.name != COMPILED_ALREADY:
            compile_folder(layer, shown_as="/opt", python=python)
    for function in functions:
        compile_folder(function, shown_as="/var/task", python=python)


def sizes(build: Path) -> tuple[str, int]:
    """A table of the sizes, and the bytes that the largest function unpacks to together with the layers."""
    layers, functions = artefacts(build)
    unzipped = {folder: unzipped_size(folder) for folder in [*layers, *functions]}
    total = sum(unzipped[layer] for layer in layers) + max((unzipped[function] for function in functions), default=0)
    lines = [
        f"{folder.name:<24}{unzipped[folder] / MEGABYTE:7.2f} MB{zipped_size(folder) / MEGABYTE:7.2f} MB zipped"
        for folder in [*layers, max(functions, key=unzipped.__getitem__)]
    ]
    return "\n".join([*lines, f"{'in all':<24}{total / MEGABYTE:7.2f} MB, limit {LIMIT_MB}"]), total


def main() -> None:
    """Compile, print the sizes, and fail where they are over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("build", type=Path)
    options = parser.parse_args()
    try:
        compile_own_code(options.build, options.runtime)
    except InterpreterMissingError as error:
        sys.exit(str(error))
    table, total = sizes(options.build)
    print(table)
    if total > LIMIT_MB * MEGABYTE:
        sys.exit(f"The layers and the largest function are over {LIMIT_MB} MB.")


if __name__ == "__main__":
    main()
