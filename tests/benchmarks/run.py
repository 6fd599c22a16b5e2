"""`make bench`: CPU time against a floor taken in the same run; prints ratios and writes .local/bench.json.

The purge audit is measured in DynamoDB's read units instead, on a simulated store (audit_cost.py).

Every figure is the median of fresh processes on the built artefacts, measured in turns with its floor. CPU time, not
clock time, so that a busy machine disturbs less; the spread tells how much it did.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from probe import CLIENTS  # noqa: E402  # the script beside this one, which also runs by itself

BUILD = ROOT / ".aws-sam/build"
PROBE = Path(__file__).with_name("probe.py")
SAMPLES = ROOT / "tests/samples/mail"
RUNS = 9
EXPORT_PROBE = Path(__file__).with_name("export_probe.py")
AUDIT_COST = Path(__file__).with_name("audit_cost.py")
EXPORTS = {1_000: 5, 10_000: 3, 100_000: 1}  # records of one person, and how often that is measured
AIMS = {
    "export": "linear",
    "warm": "1.3 x",
    "gate": "1.3 x",
    "cold": "1.4 x",
    "mail median": "3 ms",
    "pages": "5 ms",
    "mail p99": "30 ms",
    "audit, 50 times": "1.05 x",
    "audit, twice": "2 x",
    "audit": "",
}


def probe(mode: str, function: str) -> Any:
    """Run the probe in a process that sees the built artefacts and the standard library, and nothing else."""
    interpreter = getattr(sys, "_base_executable", sys.executable)
    command = [interpreter, "-I", "-S", str(PROBE), str(BUILD), mode, function]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout)


def result(name: str, values: list[float], floors: list[float]) -> dict[str, Any]:
    """A line of bench.json. `spread` is that of the value: (largest - smallest) / median."""
    value, floor = statistics.median(values), statistics.median(floors)
    return {
        "name": name,
        "unit": "ms CPU",
        "value": round(value, 3),
        "floor": round(floor, 3),
        "ratio": round(value / floor, 2),
        "spread": round((max(values) - min(values)) / value, 2),
        "runs": len(values),
    }


def measure() -> list[dict[str, Any]]:
    """Everything, one after the other."""
    pairs = [probe("warm", "contact_intake") for _ in range(RUNS)]
    results = [
        result(
            "warm POST /contacts, against botocore's put_item",
            [pair["value"] for pair in pairs],
            [pair["floor"] for pair in pairs],
        )
    ]
    pairs = [probe("checks", "permissions") for _ in range(RUNS)]
    name = "gate: 1,000 checks of 100,000, against bare BatchGetItem calls"
    results.append(result(name, [pair["value"] for pair in pairs], [pair["floor"] for pair in pairs]))
    pairs = [probe("mail", str(SAMPLES)) for _ in range(RUNS)]
    for name, rank in (("median", 0.5), ("p99", 0.99)):
        values, floors = ([_quantile(pair[side], rank) for pair in pairs] for side in ("value", "floor"))
        results.append(result(f"mail {name}: read and understand, against email.message_from_bytes", values, floors))
    pages = [probe("render", "pages") for _ in range(RUNS)]
    medians = [{path: statistics.median(times) for path, times in run.items()} for run in pages]
    slowest = max(medians[0], key=lambda path: statistics.median(run[path] for run in medians))
    name = f"pages median: {slowest}, the slowest, against the quickest"
    results.append(result(name, [run[slowest] for run in medians], [min(run.values()) for run in medians]))
    for function, clients in CLIENTS.items():
        pairs = [(probe("cold", function), probe("cold-floor", function)) for _ in range(RUNS)]
        name = f"cold {function}, against the clients of {' and '.join(clients)}"
        results.append(result(name, [value for value, _ in pairs], [floor for _, floor in pairs]))
    return results + [line for records in EXPORTS for line in measure_export(records)] + audit_costs()


def measure_export(records: int) -> list[dict[str, Any]]:
    """What a package of so many records costs. The network is a stub; the read units are counted by DynamoDB's rule."""
    command = [
        getattr(sys, "_base_executable", sys.executable),
        "-I",
        "-S",
        str(EXPORT_PROBE),
        str(BUILD),
        str(records),
    ]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout)
        for _ in range(EXPORTS[records])
    ]
    thousands, name = records / 1000, f"export of {records:,} records"
    cpu = [run["cpu"] / thousands for run in runs]
    cost = result(f"{name}: a thousand, against botocore's paging", cpu, [run["floor"] / thousands for run in runs])
    units = result(f"{name}: read units a thousand, against one a record", [runs[0]["units"] / thousands], [1000])
    memory = result(f"{name}: peak memory, against 256 MB", [run["peak"] for run in runs], [256])
    return [cost, units | {"unit": "RCU"}, memory | {"unit": "MB"}]


def audit_costs() -> list[dict[str, Any]]:
    """What the purge audit's first step reads, as what is held and what is overdue grow, and against a scan."""
    interpreter = getattr(sys, "_base_executable", sys.executable)
    command = [interpreter, "-I", "-S", str(AUDIT_COST), str(BUILD)]
    costs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout)
    few, many, twice = (costs[case]["reads"] for case in ("10000/20000", "10000/1000000", "20000/1000000"))
    compared = {
        "audit, 50 times as many live: 10,000 overdue of 1,000,000 and 20,000": (many, few),
        "audit, twice as many overdue: 20,000 and 10,000 of 1,000,000": (twice, many),
        "audit against a cleanup job's scan: 10,000 overdue of 1,000,000": (many, costs["10000/1000000"]["scan"]),
    }
    return [
        {
            "name": name,
            "unit": "read units, simulated",
            "value": value,
            "floor": floor,
            "ratio": round(value / floor, 3),
            "spread": 0.0,
            "runs": 1,
        }
        for name, (value, floor) in compared.items()
    ]


def _quantile(values: list[float], rank: float) -> float:
    return sorted(values)[min(int(len(values) * rank), len(values) - 1)]


def main() -> None:
    """Measure, print and write."""
    results = measure()
    print(f"{'':70} {'value':>8} {'floor':>8} {'ratio':>6} {'aim':>6} {'spread':>7}")
    for line in results:
        aim = next(aim for kind, aim in AIMS.items() if line["name"].startswith(kind))
        print(
            f"{line['name']:70} {line['value']:8.2f} {line['floor']:8.2f} {line['ratio']:6.2f} {aim:>6} "
            f"{line['spread']:7.0%}"
        )
    target = ROOT / ".local/bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n")
    print(
        f"median of {RUNS} runs, of packages fewer; in ms of CPU where nothing else is said; "
        f"written to {target.relative_to(ROOT)}"
    )


if __name__ == "__main__":
    main()
