"""What is held about a person, and what became of it: record by record, entry by entry, and all of it to take away."""

from __future__ import annotations

import msgspec

from kept.adapters.clock import now
from kept.app.exports import ask_for_export, see_export, see_records
from kept.app.own_ledger import prove, see_entries
from kept.entry import my_data_pages, wiring
from kept.entry.exports import ExportBody, RecordsBody, languages_of
from kept.entry.http import Answer, Api, Request, see
from kept.entry.me import LedgerBody, LedgerEntryBody, ProofBody


def add_to(api: Api) -> None:
    """Declare the routes."""
    api.route(
        "GET", "/me/records", summary="What is held about you", access="person", query=("cursor",),
        answers={200: RecordsBody},
    )(get_records)  # fmt: skip
    api.route(
        "GET", "/me/ledger", summary="What became of your records", access="person", query=("cursor",),
        answers={200: LedgerBody}, in_languages=True,
    )(get_ledger)  # fmt: skip
    api.route(
        "GET", "/me/ledger/{entry_id}", summary="The proof of one entry", access="person", answers={200: ProofBody},
    )(get_proof)  # fmt: skip
    api.route(
        "POST", "/me/exports", summary="Ask for all of it in one package", access="person", reads=None,
        answers={202: ExportBody, 303: None},
    )(post_export)  # fmt: skip
    api.route(
        "GET", "/me/exports/{export_id}", summary="A package, to be fetched", access="person",
        answers={200: ExportBody}, in_languages=True,
    )(get_export)  # fmt: skip


def get_records(request: Request[None]) -> Answer:
    """A page of everything in the person's own partition; what is past its date is not shown."""
    records, after = see_records(request.session, request.query.get("cursor"), partition=wiring.partition(), now=now())
    return Answer(200, RecordsBody(records, after))


def get_ledger(request: Request[None]) -> Answer:
    """A page of what the ledger has about the person: what was written, changed and discarded, and why."""
    entries, after = see_entries(
        request.session, request.query.get("cursor"), keys=wiring.keys(), ledger=wiring.ledger()
    )
    if request.wants_page:
        return my_data_pages.ledger(request, entries, after)
    return Answer(200, LedgerBody([LedgerEntryBody.of(entry) for entry in entries], after))


def get_proof(request: Request[None], entry_id: str) -> Answer:
    """A file that anybody can check without us: that the entry is in its day's seal."""
    entry, proof = prove(request.session, entry_id, keys=wiring.keys(), ledger=wiring.ledger(), seals=wiring.seals())
    return Answer(200, msgspec.convert(proof, ProofBody), file_name=f"proof-{entry.day}-{entry.what}.json")


def post_export(request: Request[None]) -> Answer:
    """Have a package made, or join the one that is being made."""
    export = ask_for_export(
        request.session,
        [request.language, *languages_of(request.header("accept-language"))],
        policy=wiring.policy(),
        exports=wiring.exports(),
        queue=wiring.export_queue(),
        now=now(),
    )
    if request.is_form:
        return see(f"/{request.language}/me/exports/{export.export_id}")
    return Answer(202, ExportBody.of(export, now()))


def get_export(request: Request[None], export_id: str) -> Answer:
    """How far it is; once it is made, an address to fetch it from that is good for a minute."""
    export, url = see_export(
        request.session, export_id, exports=wiring.exports(), files=wiring.export_files(), now=now()
    )
    if request.wants_page:
        return my_data_pages.package(request, export, url)
    return Answer(200, ExportBody.of(export, now(), url))
