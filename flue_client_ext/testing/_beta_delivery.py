"""A body that is sent to an agent of the betas: `{message, images?}`, unknown fields ignored.

Pure: from JSON to a value, or the genuine server's 400. Before beta.8 the data of an image went to
the model unread: what is not base64 is an empty image here.
"""

from __future__ import annotations

from typing import Any, cast

from ._delivery import MAX_IMAGE, Delivery, decoded
from ._errors import Problem, invalid_request


def parse_unread(body: Any) -> Delivery:
    """Understand a body whose images nobody decodes."""
    delivery = parse_prompt(body)
    images = delivery.message.get("attachments", ())
    for image in images:
        if decoded(image["data"]) is None:
            image["data"] = ""
    return delivery


def parse_prompt(body: Any) -> Delivery:
    """Understand a body."""
    if not isinstance(body, dict):
        raise _bad_body()
    given = cast("dict[str, Any]", body)
    if not isinstance(given.get("message"), str):
        raise _bad_body()
    message: dict[str, Any] = {"kind": "user", "body": given["message"]}
    if "images" in given:
        images: list[Any] = given["images"]
        if not isinstance(images, list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _bad_body()
        message["attachments"] = [_image(one) for one in images]
    return Delivery(message)


def _image(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _bad_body()
    image = cast("dict[str, Any]", given)
    names = ("data", "mimeType", *(("filename",) if "filename" in image else ()))
    if image.get("type") != "image" or not all(isinstance(image.get(n), str) for n in names):
        raise _bad_body()
    if len(image["data"]) > MAX_IMAGE:
        raise invalid_request(f"Image data exceeds the {MAX_IMAGE} character limit.")
    return {name: image[name] for name in ("type", *names)}


def _bad_body() -> Problem:
    shape = '{ "message": string, "images"?: image[] }'
    return invalid_request(f"Direct agent requests must use JSON object body {shape}.")
