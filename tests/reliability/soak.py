"""Random faults by the ten thousand, over hundreds of runs and conversations at the same time.

Every connection goes through a proxy that cuts, resets, half-closes, stalls, drips and answers in
place of the server (`tests/servers/cutting.py`). Each world has a process of its own
(`soak_share.py`). Nothing is lost, nothing comes twice, a send is one message, nothing leaks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from flue_client_ext.testing import ConversationContext, LocalFlue, Message, RunContext
from tests.servers.beta import BetaServer
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server
from tests.servers.node import CHECKOUT
from tests.worlds import NAMES

from .footprint import Footprint
from .options import Broken, Options
from .soak_share import Order, Report

FAULTS, SENDS, UNITS, ROUNDS = 100_000, 10_000, 40, 12
QUICK = (450, 96, 8, 1)
MOST = {"objects": 1_000, "blocks": 5_000, "kilobytes": 32 * 1024}
"""By which a process may grow from its first round to its last, in which there are more than 30,000
faults: what idle connections hold, and what an allocator does not give back."""


def experiment(options: Options) -> str:
    with ExitStack() as stack:
        reports = measure(options, {
            "beta.5": stack.enter_context(FlueServer()).url,
            "beta.9": stack.enter_context(BetaServer(version="beta.9")).url,
            "2.1.0": stack.enter_context(Flue2Server()).url,
        })  # fmt: skip
    check(reports, options)
    return text_of(reports)


def measure(options: Options, servers: Mapping[str, str]) -> dict[str, Report]:
    """Run a share in each world at once, on these servers and a local one."""
    faults, sends, units, rounds = QUICK if options.quick else (FAULTS, SENDS, UNITS, ROUNDS)
    local = local_server()
    with local.run() as url:
        running = {}
        for number, name in enumerate(NAMES):
            order = Order(
                world=name,
                seed=options.seed + 1000 * number,
                faults=-(-faults // len(NAMES)),
                sends=-(-sends // len(NAMES)),
                units=units,
                rounds=rounds,
                servers={**servers, "local": url},
            )
            command = [sys.executable, "-m", "tests.reliability.soak_share", json.dumps(order)]
            running[name] = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE)
        try:
            reports = {name: _report_of(name, share, options) for name, share in running.items()}
            _check_starts(reports, len(local.run_ids()))
            return reports
        finally:
            for share in running.values():
                share.kill()
                share.wait()
            local.close()


def _report_of(name: str, share: subprocess.Popen[bytes], options: Options) -> Report:
    said, _ = share.communicate(timeout=240 if options.quick else 3600)
    if share.returncode:
        raise Broken(f"{name}: its process has failed")
    report: Report = json.loads(said)
    return report


def _check_starts(reports: Mapping[str, Report], executed: int) -> None:
    """Raise `Broken` if the local server has more runs than the client was told to start."""
    started = sum(report["counts"].get("starts on local", 0) for report in reports.values())
    if executed > started:
        raise Broken(f"{started} runs were started once each, and {executed} were executed")


def check(reports: Mapping[str, Report], options: Options) -> None:
    """Raise `Broken` for what the client promises not to happen."""
    for name, report in reports.items():
        if report["wrong"]:
            raise Broken(f"{name}: {report['wrong']}")
        for what in ("threads", "sockets", "tasks"):
            before, after = _values(report["before"], report["after"], what)
            if after > before:
                raise Broken(f"{name}: {before} {what} before, {after} after")
        if not options.quick:
            for what, most in MOST.items():
                first, last = _values(report["rounds"][0], report["rounds"][-1], what)
                if last - first > most:
                    raise Broken(f"{name}: {first} {what} after the first round, {last} at the end")


def text_of(reports: Mapping[str, Report]) -> str:
    struck = sum((Counter(each["struck"]) for each in reports.values()), Counter[str]())
    counts = sum((Counter(each["counts"]) for each in reports.values()), Counter[str]())
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in struck.most_common())
    seen = ", ".join(f"{counts[kind]:,} {kind}" for kind in (
        "runs read", "events", "conversations", "updates", "replies", "reconnects",
        "sends answered as repeated", "starts", "starts without an answer",
    ))  # fmt: skip
    lines = [
        f"{struck.total():,} faults: {kinds}.",
        "",
        f"{seen}; {counts['sends']:,} sends made {counts['messages']:,} messages. "
        f"**{counts['lost']} lost, {counts['twice']} twice**, none out of order.",
        "",
        "| process | threads | sockets | tasks | objects | blocks | memory | by 1,000 faults |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {name} | {_row(report)} |" for name, report in reports.items()]
    ends = "Threads, sockets and tasks before the first fault and after the last"
    rounds = "objects, blocks and memory after the first of twelve rounds and after the last"
    lines += ["", f"{ends}; {rounds}."]
    return "\n".join(lines)


def _row(report: Report) -> str:
    first, last = report["rounds"][0], report["rounds"][-1]
    ends = [
        "{} -> {}".format(*_values(report["before"], report["after"], what))
        for what in ("threads", "sockets", "tasks")
    ]
    for what in ("objects", "blocks"):
        ends.append("{:,} -> {:,}".format(*_values(first, last, what)))
    before, after = _values(first, last, "kilobytes")
    faults = sum(report["struck"].values()) * (1 - 1 / len(report["rounds"])) or 1
    memory = f"{before / 1024:.0f} -> {after / 1024:.0f} MB"
    return " | ".join([*ends, memory, f"{(after - before) * 1000 / faults:+.0f} kB"])


def _values(first: Footprint, last: Footprint, what: str) -> tuple[int, int]:
    ends: Any = (first, last)
    return ends[0][what], ends[1][what]


def local_server() -> LocalFlue:
    """Return a server with the runs and the agent that the genuine ones have."""
    server = LocalFlue()

    @server.workflow("flood")
    def flood(input: Any, run: RunContext) -> Any:
        for number in range(input["n"]):
            run.log(f"flood {number}", {"i": number, "pad": "x" * input["bytes"]})
        return {"events": input["n"]}

    @server.workflow("ticker")
    def ticker(input: Any, run: RunContext) -> Any:
        for number in range(input["n"]):
            run.log(f"tick {number}", {"i": number})
            run.sleep(input["ms"] / 1000)
        return {"ticks": input["n"]}

    @server.agent("echo")
    def echo(message: Message, conversation: ConversationContext) -> None:
        conversation.reply(["You said: ", message.text])

    return server
