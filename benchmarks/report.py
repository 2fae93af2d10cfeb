"""What a benchmark has to say: tables, and each target beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen


@frozen
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """The table in Markdown; numbers to the right."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        right = [
            all(row[place][:1].isdigit() or row[place][:1] in "-" for row in self.rows)
            for place in range(len(self.columns))
        ]
        rule = [
            ("-" * (width - 1) + ":" if r else "-" * width)
            for width, r in zip(widths, right, strict=True)
        ]
        return "\n".join(
            "| "
            + " | ".join(
                cell.rjust(width) if r else cell.ljust(width)
                for cell, width, r in zip(line, widths, right, strict=True)
            )
            + " |"
            for line in (self.columns, rule, *self.rows)
        )


@frozen
class Target:
    """A number to reach; `at_least` or, if that is false, at most."""

    what: str
    limit: float
    measured: float
    unit: str = "x"
    at_least: bool = True

    @property
    def reached(self) -> bool:
        if self.at_least:
            return self.measured >= self.limit
        return self.measured <= self.limit

    def row(self) -> list[str]:
        sign = ">=" if self.at_least else "<="
        return [
            self.what,
            f"{sign} {self.limit:g} {self.unit}",
            f"{self.measured:.3g} {self.unit}"
            if self.measured < 100
            else f"{self.measured:.0f} {self.unit}",
            "pass" if self.reached else "MISS",
        ]


@frozen
class Section:
    """One benchmark's report."""

    title: str
    explanation: str
    tables: Sequence[Table]
    targets: Sequence[Target] = field(factory=tuple)

    def text(self) -> str:
        parts = [f"### {self.title}", self.explanation, *(table.text() for table in self.tables)]
        if self.targets:
            columns = ("target", "to reach", "measured", "")
            parts.append(Table(columns, [target.row() for target in self.targets]).text())
        return "\n\n".join(parts)
