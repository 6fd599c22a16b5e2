"""Other systems of the shop's are asked by events on EventBridge's default bus."""

from __future__ import annotations

import json
from typing import Any, Final

from kept.adapters import aws
from kept.app.ports.exports import UploadForm
from kept.domain.errors import UnavailableError
from kept.domain.exports import LARGEST_SOURCE_FILE, Export

SOURCE: Final = "kept"
DETAIL_TYPE: Final = "AccessRequestVerified"


class EventBridgeSourceSystems:
    """Keeps the port `SourceSystems`."""

    def ask(self, name: str, export: Export, upload: UploadForm, until: int) -> None:
        """One event. It names the address, by which the other system must look; EventBridge keeps it a day at most."""
        detail: dict[str, Any] = {
            "export_id": export.export_id,
            "source": name,
            "email": export.email,
            "upload": {"url": upload.url, "fields": dict(upload.fields), "largest": LARGEST_SOURCE_FILE},
            "until": until,
        }
        entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}
        with aws.unavailable("ask another system"):
            answer = aws.client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise UnavailableError("ask another system: the event was not taken")
