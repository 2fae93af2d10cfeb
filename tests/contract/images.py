"""An image, and how a send attaches one."""

from __future__ import annotations

import base64
from typing import Any

PIXEL = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def image(data: str | None = None, **fields: Any) -> dict[str, Any]:
    """An attachment of these data, already in base64, or of a pixel."""
    encoded = base64.b64encode(PIXEL).decode() if data is None else data
    return {"type": "image", "data": encoded, "mimeType": "image/png", **fields}
