"""How well mail is understood: `make eval-mail SAMPLES=folder JSON=file`, or `python -m tests.eval_mail FOLDER`.

A folder holds .eml files, with a labels.tsv (file, lang, labels) to score them by; or .toml files of mails with their
labels (tests/samples/variations). Prints precision and recall by intent and by language, confusions, and every miss.
"""

from __future__ import annotations

import argparse
import csv
import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from kept.domain.mail import read_mail
from kept.domain.mail.intents import Understanding, understand

OUR_DOMAINS = ("expandcart.com",)
LABELS = ("opt_out", "access", "cancel", "complaint", "contact", "machine")


@dataclass(frozen=True)
class Case:
    """A mail, and what it is (empty where nobody said)."""

    name: str
    raw: bytes
    language: str = ""
    labels: frozenset[str] = frozenset()
    note: str = ""


def cases(folder: Path) -> Iterator[Case]:
    """Every mail of a folder, in the order of their names."""
    labels = {}
    if (table := folder / "labels.tsv").exists():
        with table.open(encoding="utf-8", newline="") as lines:
            labels = {row["file"]: row for row in csv.DictReader(lines, delimiter="\t")}
    for path in sorted(folder.glob("*.eml")):
        row = labels.get(path.name, {})
        said = frozenset(filter(None, (row.get("labels") or "").split(",")))
        yield Case(path.name, path.read_bytes(), row.get("lang") or "", said, row.get("notes") or "")
    for path in sorted(folder.glob("*.toml")):
        for number, mail in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["mail"], 1):
            raw = _compose(mail)
            yield Case(f"{path.stem}-{number:03}", raw, path.stem, frozenset(mail["labels"]), mail.get("note", ""))


def _compose(mail: dict[str, object]) -> bytes:
    """A mail as a client would send it."""
    message = EmailMessage()
    sender = str(mail.get("from", "Somebody <somebody@example.org>"))
    name, _, address = sender.rpartition("<")
    message["From"] = Address(name.strip(), addr_spec=address.rstrip(">"))
    message["To"] = "support@expandcart.com"
    message["Subject"] = str(mail["subject"]).replace("\n", " ")
    headers = mail.get("headers", {})
    for key, value in headers.items() if isinstance(headers, dict) else ():
        if key.lower() not in {"to", "from", "subject", "content-type"}:
            message[key] = str(value)
    message.set_content(str(mail["body"]))
    if "html" in mail:
        message.add_alternative(str(mail["html"]), subtype="html")
    return message.as_bytes()


def envelope_sender(raw: bytes) -> str | None:
    """What a server wrote into Return-Path, else the sender; None for the null return path."""
    mail = read_mail(raw)
    return mail.headers.get("return-path", (mail.sender or "",))[0].strip("<> ") or None


def judge(case: Case) -> Understanding:
    """What the product takes a mail for."""
    return understand(read_mail(case.raw), envelope_sender(case.raw), OUR_DOMAINS)


def score(judged: list[tuple[Case, Understanding]], *, misses: bool = True) -> None:
    """Print how good it was."""
    languages = sorted({case.language for case, _ in judged})
    for title, group in [("all", judged)] + [
        (lang, [j for j in judged if j[0].language == lang]) for lang in languages
    ]:
        right = sum(case.labels == set(found.intents) for case, found in group)
        print(f"\n{title}: {len(group)} mails, {right} wholly right ({right / len(group):.1%})")
        for label in LABELS:
            hits = sum(label in case.labels and label in found.intents for case, found in group)
            said = sum(label in case.labels for case, _ in group)
            taken = sum(label in found.intents for _, found in group)
            precision, recall = hits / taken if taken else 1.0, hits / said if said else 1.0
            f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
            print(f"  {label:10} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}  ({said})")
    confused = Counter(
        (",".join(sorted(c.labels)), ",".join(f.intents)) for c, f in judged if c.labels != set(f.intents)
    )
    print("\nwhat it is → what it was taken for")
    for (was, taken_for), count in confused.most_common():
        print(f"  {count:3} {was} → {taken_for}")
    if misses:
        print("\nmisses")
        for case, found in judged:
            if case.labels != set(found.intents):
                why = "; ".join(f"{r.intent}:{r.language}:{r.words}" for r in found.why)
                print(f"  {case.name} [{case.language}] {','.join(sorted(case.labels))} → {','.join(found.intents)}")
                print(f"      suggested {','.join(found.suggested) or '-'} | {case.note[:80]} | {why[:200]}")


def main() -> None:
    """Judge a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--language", help="only this one")
    options = parser.parse_args()
    chosen = [c for c in cases(options.folder) if options.language in (None, c.language)]
    judged = [(case, judge(case)) for case in chosen]
    if options.json:
        options.json.write_text(
            json.dumps(
                [
                    {
                        "file": case.name,
                        "intents": list(found.intents),
                        "confidence": found.confidence,
                        "language": found.language,
                        "why": [f"{reason.intent}: {reason.words}" for reason in found.why],
                    }
                    for case, found in judged
                ],
                ensure_ascii=False,
                indent=1,
            )
            + "\n",
            encoding="utf-8",
        )
    if labelled := [(case, found) for case, found in judged if case.labels]:
        score(labelled)


if __name__ == "__main__":
    main()
