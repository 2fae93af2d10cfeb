"""Folding the updates of a conversation into its state: this client's reducer beside the SDK's."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import conversation
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

_PAGES = Contestant("folding", "pages", "ours, from bytes, a snapshot a page")
_DECODED = Contestant("folding", "decoded", "ours, from decoded pages, a snapshot a page")
_AT_THE_END = Contestant("folding", "at_the_end", "ours, from bytes, one snapshot")
_SDK = Contestant("sdk2", "fold", "TypeScript SDK 2.0.3, `observe()`")
_LENGTHS = (5_000, 50_000, 500_000)
_KINDS = {"many replies": True, "one text": False}
Answers = dict[Contestant, list[dict[str, Any]]]


def measure(options: Options) -> Section:
    count = options.scaled(50_000)
    with tempfile.TemporaryDirectory() as name, Peers() as peers:
        folder = Path(name)
        file = conversation.write(folder / "contest", count, replies=True)
        contest = _answers(
            peers, (_PAGES, _DECODED, _AT_THE_END, _SDK), file, count, options.rounds
        )
        growth = {kind: _growth(peers, folder, kind, options) for kind in _KINDS}
    walls = {who: _median(answers, "wall") for who, answers in contest.items()}
    return Section(
        "Folding a conversation",
        f"{count:,} chunks in pages of 100, nearly 9 of 10 are deltas; medians of {options.rounds}"
        " rounds after a warm-up, without a server. The SDK exports no reducer: it observes pages"
        " that a function in its own process hands to it, and makes a state for each chunk; its"
        " time includes its decoding and its stream, as ours from bytes includes decoding. Below:"
        " longer and longer conversations, from bytes, with one snapshot at the end, of replies of"
        " 100 chunks and of one text; the least of all rounds.",
        [_contest_table(contest, count), _growth_table(growth, options)],
        [
            Target("from bytes, of the SDK's rate (aim 5)", 3, walls[_SDK] / walls[_PAGES]),
            Target(
                "decoded, thousand chunks a second of CPU",
                350,
                count / _median(contest[_DECODED], "cpu") / 1e3,
                "k/s",
            ),
            *(
                Target(f"10 x the chunks, {kind}: the time", 12, _tenfold(cpus), at_least=False)
                for kind, cpus in growth.items()
            ),
        ],
    )


def _answers(
    peers: Peers, contestants: Sequence[Contestant], file: Path, count: int, rounds: int
) -> Answers:
    """Let everyone fold `file` once a round, in turn, after a warm-up."""
    answers: Answers = {who: [] for who in contestants}
    for number in range(rounds + 1):
        for who in contestants:
            answer = peers.ask(who, file=str(file))
            if answer["result"] != count:
                raise RuntimeError(f"{who.label} folded {answer['result']} of {count} chunks")
            if number:
                answers[who].append(answer)
        note(f"{file.name}, round {number} of {rounds}" if number else f"{file.name}, warmed up")
    return answers


def _growth(peers: Peers, folder: Path, kind: str, options: Options) -> list[float]:
    """CPU seconds of each length."""
    cpus: list[float] = []
    for length in map(options.scaled, _LENGTHS):
        file = conversation.write(folder / f"{kind} {length}", length, replies=_KINDS[kind])
        rounds = max(options.rounds, 50_000 // length)
        answers = _answers(peers, [_AT_THE_END], file, length, rounds)[_AT_THE_END]
        cpus.append(min(answer["cpu"] for answer in answers))
    return cpus


def _median(answers: Sequence[dict[str, Any]], name: str) -> float:
    return median(float(answer[name]) for answer in answers)


def _tenfold(cpus: list[float]) -> float:
    steps = math.log10(_LENGTHS[-1] / _LENGTHS[0])
    return math.pow(cpus[-1] / cpus[0], 1 / steps)


def _contest_table(contest: Answers, count: int) -> Table:
    sdk = _median(contest[_SDK], "wall")
    rows = [
        [
            who.label,
            f"{count / _median(answers, 'wall') / 1e3:.0f}",
            f"{sdk / _median(answers, 'wall'):.1f}",
            f"{_median(answers, 'cpu'):.3f}",
            f"{max(answer['rss'] for answer in answers) / 1e3:.0f}",
        ]
        for who, answers in contest.items()
    ]
    return Table(("reducer", "thousand chunks/s", "x SDK", "CPU s", "peak MB"), rows)


def _growth_table(growth: dict[str, list[float]], options: Options) -> Table:
    lengths = [options.scaled(length) for length in _LENGTHS]
    rows = [
        [kind, *(f"{cpu / length * 1e6:.2f}" for cpu, length in zip(cpus, lengths, strict=True))]
        for kind, cpus in growth.items()
    ]
    return Table(("CPU, us a chunk", *(f"{length:,}" for length in lengths)), rows)
