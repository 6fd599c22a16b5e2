"""`make export-seals DIR=folder STACK=kept`: the sealed days of the ledger as files, for `make verify`.

It needs your AWS credentials; `make verify` calls it for the local stack. What was put over a seal or hides it is
passed by: the file is the one that was sealed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from infra.deployed_stack import use
from kept.adapters.seals import S3Seals
from kept.app.ports.ledger import Seals
from kept.domain.seal import entries_name, seal_name


def export(seals: Seals, folder: Path) -> int:
    """Write every sealed day into a folder, in the place of what is there; how many there are."""
    for part in ("seals", "entries"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for old in (folder / part).iterdir():
            old.unlink()
    days = seals.days()
    for name in (name for day in days for name in (seal_name(day), entries_name(day))):
        content = seals.read(name)
        if content is not None:  # entries are kept for a time, seals for ever
            (folder / name).write_bytes(content)
    return len(days)


def main(stack: str, folder: Path) -> int:
    """Export the sealed days of a deployed stack, or of the local one."""
    outputs = use(stack)
    count = export(S3Seals(outputs["SealsBucket"]), folder)
    print(f"{folder} has {count} sealed day{'s' if count != 1 else ''}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
