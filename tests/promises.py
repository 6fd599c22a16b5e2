"""Which tests keep which promise: `make promises`, or `make promises JSON=file` for {promise: [tests]}.

A test names a promise of the policy with `@pytest.mark.promise("review-then-discard")`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
POLICY = ROOT / "layers" / "kept" / "policy.toml"


class Collector:
    """A pytest plugin that notes, of each collected test, the promises that it names."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            test = item.nodeid.partition("[")[0]  # the cases of a parametrised test are one test
            for marker in item.iter_markers("promise"):
                for promise in marker.args:
                    self.tests.setdefault(promise, set()).add(test)


def promises_of(policy: Path = POLICY) -> list[str]:
    """The ids of the promises, in the policy's order."""
    return [promise["id"] for promise in tomllib.loads(policy.read_text(encoding="utf-8"))["promises"]]


def named_by_tests() -> dict[str, set[str]]:
    """Promise → the tests that name it, without running any. Ends the program where tests cannot be collected."""
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        result = pytest.main(["--collect-only", "-q", f"--rootdir={ROOT}", str(ROOT / "tests")], plugins=[collector])
    if result != pytest.ExitCode.OK:
        sys.exit(output.getvalue())
    return collector.tests


def main() -> None:
    """Print promise → tests and what is uncovered; an id that the policy does not have is an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    promises, named = promises_of(), named_by_tests()
    if unknown := sorted(named.keys() - set(promises)):
        tests = sorted(test for promise in unknown for test in named[promise])
        sys.exit(f"Not promises of {POLICY.name}: {', '.join(unknown)}. Named by:\n  " + "\n  ".join(tests))
    tests_of = {promise: sorted(named.get(promise, ())) for promise in promises}
    for promise, tests in tests_of.items():
        if tests:
            print(f"{promise}\n  " + "\n  ".join(tests))
    uncovered = [promise for promise, tests in tests_of.items() if not tests]
    print(f"\n{len(promises) - len(uncovered)} of {len(promises)} promises are named by a test.")
    if uncovered:
        print("Not yet: " + ", ".join(uncovered))
    if options.json:
        options.json.write_text(json.dumps(tests_of, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
