"""Inputs that are made to be slow, of any size: each a function that makes the reading of one."""

from __future__ import annotations

from collections.abc import Callable

from . import adversarial_bytes, adversarial_json

INPUTS: dict[str, Callable[[int], Callable[[], object]]] = {
    **adversarial_bytes.INPUTS,
    **adversarial_json.INPUTS,
}
