"""A package of a great many records: its memory does not grow with them, and its reads grow no faster than they do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.promise("access-on-request")]

PROBE = Path(__file__).parents[1] / "benchmarks/export_probe.py"


def export(build: Path, records: int) -> dict[str, Any]:
    """What a package of so many records took, from the built artefacts, in a process of its own."""
    command = [getattr(sys, "_base_executable", sys.executable), "-I", "-S", str(PROBE), str(build), str(records)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_hundred_thousand_records_are_packed_within_256_megabytes_and_read_once(build: Path) -> None:
    few, many = export(build, 1_000), export(build, 100_000)
    assert many["peak"] < 256
    assert many["units"] <= 100 * few["units"], "reads that grow faster than the records"
