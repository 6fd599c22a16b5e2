"""`python -m infra.local run` (in the background with DETACH=1 in the environment) and `… stop`."""

from __future__ import annotations

import os
import sys

from infra.local.run import run, run_detached, stop
from infra.local.settings import LocalError, read_settings


def main() -> int:
    """Do what the one argument says; the exit code."""
    commands = {"run": run_detached if os.environ.get("DETACH") else run, "stop": stop}
    command = commands.get(" ".join(sys.argv[1:]))
    if command is None:
        print("Say run or stop.", file=sys.stderr)
        return 2
    try:
        return command(read_settings())
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
