"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# Nothing in a test may reach a real account, whatever the machine is set up with.
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    POWERTOOLS_METRICS_NAMESPACE="Kept",
    POWERTOOLS_SERVICE_NAME="test",
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)

NEED_THE_TEMPLATE = {"artefacts", "browser", "e2e"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What shares the built or deployed template runs in one process, any other test in either."""
    from xdist.scheduler import LoadScopeScheduling

    class TemplateApart(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = nodeid.split("/")[1]
            return "template" if folder in NEED_THE_TEMPLATE else nodeid

    return TemplateApart(config, log)
