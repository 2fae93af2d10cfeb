"""How what a command prints is compared with what a page shows."""

from __future__ import annotations

from .shell import Example, understood


def test_dots_stand_for_anything_in_a_line_or_for_any_lines() -> None:
    example = Example("ls", ("a ... b", "...", "end"))
    assert example.matches("a 1 b\nend\n")
    assert example.matches("a 1 b\nmore\nand more\nend \n")
    assert not example.matches("a 1 c\nend\n")
    assert not example.matches("a 1\nb\nend\n")
    assert not example.matches("a 1 b\nend\nmore\n")


def test_a_command_without_lines_prints_nothing() -> None:
    assert Example("true", ()).matches("")
    assert not Example("true", ()).matches("more\n")


def test_commands_that_no_page_may_have_are_not_understood() -> None:
    odd = ("make tea", "pip install flask", "pip install '.[x]'", "ls", "export HOME=/", "git pull")
    assert not any(map(understood, odd))
    assert understood("pip install '.[testing]'")
