"""Sample mails: ours below tests/samples/mail, and those of others read in place below shared/mail-corpora."""

from __future__ import annotations

import pytest

from tests.unit.mail.mails import CORPORA, SAMPLES, rows


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `labelled` runs for every sample of ours."""
    if "labelled" in metafunc.fixturenames:
        samples = rows(SAMPLES / "labels.tsv")
        metafunc.parametrize("labelled", [(s["file"], s["labels"].split(",")) for s in samples], ids=lambda s: s[0])


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """File name → raw mail, of every sample of ours."""
    return {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))}


@pytest.fixture(scope="session")
def corpora() -> list[tuple[str, str, bytes]]:
    """Kind, file name and raw mail, of every mail of others."""
    found = rows(CORPORA / "sources.tsv")
    if not found:
        pytest.skip(f"no mail corpora at {CORPORA}: set KEPT_SHARED to the folder that holds mail-corpora")
    kind = list(found[0])[-1]
    return [(row[kind] or "", row["file"], (CORPORA / row["file"]).read_bytes()) for row in found]
