"""Bytecode for a folder whose files are read-only and all dated 1980 at run time, as in Lambda.

Python ignores bytecode whose recorded timestamp differs from its source's, and cannot write new bytecode in Lambda, so
it would compile everything at every cold start. Bytecode marked "unchecked hash" (PEP 552) is used as it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

INTERPRETER_VARIABLE = "KEPT_RUNTIME_PYTHON"


class InterpreterMissingError(Exception):
    """No Python of the runtime's own minor version is on this machine, so its bytecode cannot be made."""


def interpreter(runtime: str) -> str:
    """Path of a Python whose minor version is that of `runtime` (such as "python3.13"); bytecode differs between them.

    Taken from the environment's KEPT_RUNTIME_PYTHON, else this very interpreter, else the one of that name on PATH.
    Raises InterpreterMissingError.
    """
    candidates = [os.environ.get(INTERPRETER_VARIABLE), sys.executable, shutil.which(runtime)]
    for candidate in filter(None, candidates):
        if _runtime_of(candidate) == runtime:
            return candidate
    raise InterpreterMissingError(
        f"The bytecode for {runtime} can only be made by {runtime} itself, and none is on PATH. Install it, or name "
        f"one: make RUNTIME_PYTHON=/path/to/{runtime} …, or build for the Python that is here: "
        f"make RUNTIME={_this_runtime()} …"
    )


def compile_folder(folder: Path, *, shown_as: str, python: str) -> None:
    """Compile every module below `folder`, with `shown_as` (the folder's path in Lambda) in place of it in tracebacks.

    `python` is an interpreter of the runtime's minor version. Raises subprocess.CalledProcessError where a module does
    not compile; the compiler has then printed which.
    """
    command = [python, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(folder), "-p", shown_as, str(folder)], check=True)


def _this_runtime() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _runtime_of(python: str) -> str:
    """What `python` says of itself, such as "python3.13"; empty where it does not run (as a shim of pyenv may not)."""
    if python == sys.executable:
        return _this_runtime()
    code = "import sys; print('python%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip()
