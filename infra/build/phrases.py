"""Compiles the phrase files of a built layer, or refuses one that is wrong: `python -m infra.build.phrases FOLDER`."""

import sys
from pathlib import Path

from kept.domain.errors import PhraseError
from kept.domain.mail.phrase_files import write_built


def main() -> None:
    """Write the compiled phrases; say which pattern is wrong, and end with an exit code other than 0, where one is."""
    try:
        write_built(Path(sys.argv[1]))
    except PhraseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
