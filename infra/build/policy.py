"""Refuses a policy file that is wrong before anything is built with it: `python -m infra.build.policy FILE`."""

import sys
from pathlib import Path

from kept.domain.errors import PolicyError
from kept.domain.policy import load_policy


def main() -> None:
    """Check the file; say which key is wrong, and end with an exit code other than 0, where one is."""
    try:
        load_policy(Path(sys.argv[1]))
    except PolicyError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
