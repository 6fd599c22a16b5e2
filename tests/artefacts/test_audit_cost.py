"""What the audit's first step reads follows what is overdue, and not what is held (on a simulated store)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.promise("review-then-discard")]

COST = Path(__file__).parents[1] / "benchmarks/audit_cost.py"


def test_reads_do_not_grow_with_what_is_held_and_do_with_what_is_overdue(build: Path) -> None:
    interpreter = getattr(sys, "_base_executable", sys.executable)
    cases = ["500/1000", "500/50000", "1000/50000"]
    command = [interpreter, "-I", "-S", str(COST), str(build), *cases]
    costs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout)
    few, many, twice = (costs[case]["reads"] for case in cases)
    assert abs(many - few) <= 0.05 * few, "it costs more when more is held"
    assert 1.9 <= twice / many <= 2.1, "it does not grow with what is overdue"
    assert many < costs["500/50000"]["scan"] / 5
