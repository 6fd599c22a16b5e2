"""Makes the packages that were asked for: waits for other systems of the shop's, writes the ZIP, and says it is ready.

Everything here may run again for the same package (SQS delivers at least once, and a failure sends the job back):
whoever holds the lease makes it, and only who still holds it at the end says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from kept.app.package import Reading, write_package
from kept.app.ports.exports import ExportJob, ExportQueue, Exports, SourceSystems
from kept.domain.errors import NotFoundError, UnavailableError
from kept.domain.exports import ASK_AGAIN_SECONDS, LARGEST_SOURCE_FILE, Answer, Export
from kept.domain.identity import SubjectId, new_record_id
from kept.domain.manifest import Manifest

Outcome = Literal["made", "waits", "gone", "done already", "given up"]

_MISSING_NAMED = 100  # of raw mails, in what is kept beside the package: an item is 400 KB at most


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where jobs come from and packages are noted."""

    exports: Exports
    queue: ExportQueue
    systems: SourceSystems


def make_export(job: ExportJob, *, workshop: Workshop, reading: Reading) -> Outcome:
    """Make a package, or have it looked at again later; what was done.

    Raises UnavailableError: nothing is lost, the job comes again. So it does where somebody else is at it: their
    failure would send nothing back if this one were taken for done.
    """
    exports, now = workshop.exports, reading.now
    try:
        export = exports.find(SubjectId(bytes.fromhex(job.subject)), job.export_id, now)
    except NotFoundError:
        return "gone"
    if not export.is_being_made(now):
        return "done already" if export.status == "ready" else "given up"
    answers, awaited = _look_for_answers(export, reading)
    if awaited:
        _wait(export, awaited, job, workshop, reading)
        return "waits"
    lease = new_record_id()
    if not exports.claim(export, lease, now):
        raise UnavailableError("make a package: somebody else is at it")
    try:
        made = _make(export, answers, reading)
    except BaseException:
        exports.release(export, lease)
        raise
    if exports.finish(made, lease):
        return "made"
    reading.stores.files.discard(export.package_key)  # the person left meanwhile
    return "gone"


def _look_for_answers(export: Export, reading: Reading) -> tuple[dict[str, Answer], dict[str, int]]:
    """What each of the other systems did, and until when the others are awaited."""
    answers: dict[str, Answer] = {}
    awaited: dict[str, int] = {}
    for name in export.sources:
        size = reading.stores.files.size(export.source_key(name))
        source = reading.policy.sources.get(name)
        until = export.created_at + source.waits if source else 0
        if size is not None:
            answers[name] = "answered" if size else "nothing"
        elif reading.now < until:
            awaited[name] = until
    return answers, awaited


def _wait(export: Export, awaited: Mapping[str, int], job: ExportJob, workshop: Workshop, reading: Reading) -> None:
    """Ask those that are awaited, if that is due, and have the job come again."""
    now = reading.now
    if export.asked_at is None or now >= export.asked_at + ASK_AGAIN_SECONDS:
        for name, until in awaited.items():
            form = reading.stores.files.upload_form(export.source_key(name), LARGEST_SOURCE_FILE, until - now)
            workshop.systems.ask(name, export, form, until)
        workshop.exports.asked(export, now)
    workshop.queue.put(job, export.pause(now))


def _make(export: Export, answers: Mapping[str, Answer], reading: Reading) -> Export:
    with reading.stores.files.upload(export.package_key) as sink:
        manifest = write_package(sink, export, answers, reading)
    discard_at = min(export.discard_at, reading.now + reading.policy.exports.kept_for)
    return replace(export, status="ready", discard_at=discard_at, manifest=_summary(manifest))


def _summary(manifest: Manifest) -> str:
    """The manifest without its files, which may be many."""
    short = msgspec.structs.replace(manifest, files=None, missing=manifest.missing[:_MISSING_NAMED])
    return msgspec.json.encode(short).decode()
