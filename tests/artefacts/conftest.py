"""The built artefacts, built anew where a source is newer (seconds) and taken as they are where none is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def build() -> Path:
    """The build folder, for this machine's own Python."""
    # A make that runs these tests has said what it builds; this build is always the plain one.
    inherited = {"BUILD", "POLICY", "RUNTIME", "ARCH", "KEPT_POLICY", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    made = subprocess.run(["make", "build"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / ".aws-sam" / "build"
