"""`make verify`: what it says to a person, and with what it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.export_seals import export
from infra.verify import main
from kept.domain.seal import proves, read_seal, seal_name
from tests.conftest import ROOT
from tests.fakes import MemorySeals
from tests.unit.domain.test_verification import DAYS, LAST_HASH, SIZES, WEEK, lines_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    seals = MemorySeals()
    seals.files = dict(WEEK)
    (tmp_path / "seals").mkdir()
    (tmp_path / "seals/2020-01-01.json").write_text("left from another export")
    assert export(seals, tmp_path) == len(DAYS)
    return tmp_path


@pytest.mark.promise("security-measures")
def test_an_untouched_export_is_said_to_be_as_it_was_sealed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    told = capsys.readouterr().out
    assert f"7 days from {DAYS[0]} to {DAYS[-1]}, with {sum(SIZES)} entries: as sealed." in told
    assert LAST_HASH in told
    assert main([str(folder), "--from", DAYS[2], "--to", DAYS[4]]) == 0
    assert main([str(folder), "--hash", LAST_HASH]) == 0


@pytest.mark.promise("security-measures")
def test_each_problem_is_named_with_day_and_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / f"entries/{DAYS[3]}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"expired"', b'"erasure"').replace(b'"review"', b'"erasure"', 1))
    (folder / f"seals/{DAYS[5]}.json").unlink()
    assert main([str(folder)]) == 1
    printed = capsys.readouterr()
    assert f"{DAYS[3]} line 2: altered (line 2 as sealed)\n" in printed.out
    assert f"{DAYS[5]}: missing seal\n" in printed.out
    assert "2 problems" in printed.err
    assert main([str(folder), "--hash", "0" * 64, "--to", DAYS[2]]) == 1


@pytest.mark.promise("access-on-request")
def test_one_entry_is_proved_and_one_that_is_not_there_is_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = json.loads(lines_of(WEEK, DAYS[3])[6])
    assert main([str(folder), "--entry", entry["id"]]) == 0
    proof = json.loads(capsys.readouterr().out)
    assert (proof["day"], proof["line"], proof["entry"]) == (DAYS[3], 7, entry)
    assert proves(proof)
    assert proof["root"] == read_seal(WEEK[seal_name(DAYS[3])]).root
    assert main([str(folder), "--entry", "nobody-1"]) == 1
    path = folder / f"entries/{DAYS[3]}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"written"', b'"changed"'))
    first = json.loads(lines_of(WEEK, DAYS[3])[0])
    assert main([str(folder), "--entry", first["id"]]) == 1
    assert "does not have this entry" in capsys.readouterr().err


def test_an_empty_folder_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "no sealed day" in capsys.readouterr().err


@pytest.mark.promise("security-measures")
def test_it_runs_on_the_standard_library_alone(folder: Path) -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'layers/kept/python')!r}];"
        f"from infra.verify import main; sys.exit(main([{str(folder)!r}]))"
    )
    interpreter = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run([interpreter, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
