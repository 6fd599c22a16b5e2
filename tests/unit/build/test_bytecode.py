"""Which Python makes the bytecode, and that it is used whatever the dates."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from infra.build.bytecode import INTERPRETER_VARIABLE, InterpreterMissingError, compile_folder, interpreter

THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"


def test_this_python_compiles_for_its_own_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INTERPRETER_VARIABLE, raising=False)
    assert interpreter(THIS) == sys.executable


def test_without_the_runtimes_python_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(INTERPRETER_VARIABLE, sys.executable)  # named, but of another version
    with pytest.raises(InterpreterMissingError, match=rf"RUNTIME_PYTHON=/path/to/python3\.99.*RUNTIME={THIS}"):
        interpreter("python3.99")


def test_an_interpreter_that_does_not_run_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(INTERPRETER_VARIABLE, str(tmp_path / "none"))
    assert interpreter(THIS) == sys.executable


def test_bytecode_is_used_though_its_source_changed_and_names_the_path_in_lambda(tmp_path: Path) -> None:
    module = tmp_path / "app.py"
    module.write_text("print('as compiled', (lambda: 0).__code__.co_filename)")
    compile_folder(tmp_path, shown_as="/var/task", python=sys.executable)
    assert b"/var/task/app.py" in Path(importlib.util.cache_from_source(str(module))).read_bytes()
    module.write_text("print('as changed')")
    done = subprocess.run(
        [sys.executable, "-c", "import app"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("as compiled")


def test_the_same_source_gives_the_same_bytecode_wherever_it_lies(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        module = folder / "app.py"
        module.write_text("ANSWER = 42\n\n\ndef answer():\n    return ANSWER\n")
        compile_folder(folder, shown_as="/var/task", python=sys.executable)
        contents.append(Path(importlib.util.cache_from_source(str(module))).read_bytes())
    assert contents[0] == contents[1]
