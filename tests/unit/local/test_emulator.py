"""What the emulator leaves behind is out of the way at once, and gone soon."""

from __future__ import annotations

import time
from pathlib import Path

from infra.local.emulator import discard


def test_what_the_emulator_wrote_is_out_of_the_way_at_once_and_then_gone(tmp_path: Path) -> None:
    folder, left = tmp_path / "emulator", tmp_path / "emulator.gone-1"
    for each in (folder / "worker/layer", left):
        each.mkdir(parents=True)
        (each / "file").write_bytes(b"x")
    (tmp_path / "stack.json").write_bytes(b"{}")
    discard(folder)
    assert not folder.exists()
    deadline = time.monotonic() + 20
    while len(list(tmp_path.iterdir())) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)  # it is removed by a process of its own
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]
    discard(folder)  # which is not there
