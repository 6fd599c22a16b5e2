"""Phrase files, as translators write them and as the build leaves them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.build import phrases as build_step
from kept.domain.errors import PhraseError
from kept.domain.mail import intents
from kept.domain.mail.phrase_files import compile_file, compile_phrases, load_languages, write_built
from kept.domain.mail.wording import Phrases
from tests.conftest import ROOT
from tests.eval_mail import cases, judge

LEAST = {"language": "en", "detect": "the and", "polite": "please"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phrases as it is deployed; without what translators wrote, so that nothing can be read from it."""
    folder = tmp_path_factory.mktemp("phrases")
    for path in intents.PHRASES.glob("*.toml"):
        shutil.copy(path, folder)
    write_built(folder)
    for path in folder.glob("*.toml"):
        path.unlink()
    return folder


@pytest.mark.parametrize("path", sorted(intents.PHRASES.glob("*.toml")), ids=lambda path: path.stem)
def test_what_is_built_is_what_was_written(path: Path, built: Path) -> None:
    assert msgspec.json.decode((built / f"{path.stem}.json").read_bytes(), type=Phrases) == compile_file(path)


def test_mail_is_understood_alike_with_what_is_built(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = list(cases(ROOT / "tests/samples/mail"))
    understood = [judge(mail) for mail in mails]
    languages = load_languages(built)
    assert [(known.name, known.code) for known in languages] == [(k.name, k.code) for k in intents.languages()]
    monkeypatch.setattr(intents, "languages", lambda: languages)
    assert [judge(mail) for mail in mails] == understood


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ({"opt_out": {"strong": ["{nothing}"]}}, "no concept 'nothing'"),
        ({"opt_out": {"strong": ["Ärger"]}}, "normal form, 'arger'"),
        ({"opt_out": {"strong": ["ab*"]}}, "no glob of three letters"),
        ({"opt_out": {"strong": ["stop ..99 it"]}}, "a gap is ..1 to"),
        ({"opt_out": {"strong": ["..3 me?"]}}, "no word that must be there"),
        ({"opt_out": {"strong": ["an?|my mail"]}}, "'an\\?' can be no word"),
        ({"opt_out": {"strong": ["mail|..3 me"]}}, "alternatives are single words"),
        ({"opt_out": {"strong": ["^|so stop"]}}, "can be no word"),
        ({"opt_out": {"strong": ["don't stop"]}}, "can be no word"),
        ({"opt_out": {"stronk": []}}, "unknown key stronk"),
    ],
)
def test_a_mistake_in_a_phrase_file_is_named(content: dict[str, Any], mistake: str) -> None:
    with pytest.raises(PhraseError, match=mistake):
        compile_phrases(LEAST | content, "test")


@pytest.mark.parametrize("text", ['detect = "the"\npolite = ""', "language = en"])
def test_a_build_with_a_wrong_phrase_file_ends_with_its_name(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xx.toml").write_text(text)
    monkeypatch.setattr("sys.argv", ["phrases", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"xx\.toml: "):
        build_step.main()
