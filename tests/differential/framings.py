"""Answers as bytes: what a server may write, and what none should, by name."""

from __future__ import annotations

import codecs
import gzip
import json

RECORD = {
    "runId": "run_1",
    "workflowName": "w",
    "status": "completed",
    "startedAt": "2026-11-22T00:00:00.000Z",
}
BODY = json.dumps(RECORD).encode()
SIZE = b"%d" % len(BODY)
LENGTH = b"Content-Length: " + SIZE + b"\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNK = b"%x" % len(BODY)


def head(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return status + b"\r\n" + JSON + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def chunked(data: bytes, *lines: bytes) -> bytes:
    return head(b"Transfer-Encoding: chunked", *lines) + data


OK = head(LENGTH[:-2]) + BODY
CHUNKS = CHUNK + b"\r\n" + BODY + b"\r\n0\r\n"

ANSWERS: dict[str, bytes] = {
    "length": OK,
    "end": head() + BODY,
    "http10": head(LENGTH[:-2], status=b"HTTP/1.0 200 OK") + BODY,
    "http10-end": head(status=b"HTTP/1.0 200 OK") + BODY,
    "chunks": chunked(CHUNKS + b"\r\n"),
    "chunk-extension": chunked(CHUNK + b';a=b;c="d"\r\n' + BODY + b"\r\n0;e\r\n\r\n"),
    "chunk-zeros": chunked(b"000" + CHUNKS + b"\r\n"),
    "chunk-upper": chunked(CHUNK.upper() + b"\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "trailer": chunked(CHUNKS + b"X-After: 1\r\n\r\n"),
    "chunk-bad": chunked(b"xyz\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk-cut": chunked(CHUNK + b"\r\n" + BODY[:9]),
    "chunk-no-end": chunked(CHUNK + b"\r\n" + BODY + b"\r\n"),
    "chunks-upper-case": head(b"TRANSFER-ENCODING: Chunked") + CHUNKS + b"\r\n",
    "chunks-twice": head(b"Transfer-Encoding: chunked, chunked") + CHUNKS + b"\r\n",
    "chunks-gzip": head(b"Transfer-Encoding: gzip, chunked") + CHUNKS + b"\r\n",
    "chunks-and-length": chunked(CHUNKS + b"\r\n", LENGTH[:-2]),
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK,
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + OK,
    "length-twice": head(LENGTH[:-2], LENGTH[:-2]) + BODY,
    "length-list": head(LENGTH[:-2] + b", " + SIZE) + BODY,
    "length-two": head(LENGTH[:-2], b"Content-Length: 3") + BODY,
    "length-plus": head(b"Content-Length: +" + SIZE) + BODY,
    "length-minus": head(b"Content-Length: -1") + BODY,
    "length-empty": head(b"Content-Length:") + BODY,
    "length-word": head(b"Content-Length: many") + BODY,
    "length-zeros": head(b"Content-Length: 000" + SIZE) + BODY,
    "length-short": OK + b"and more",
    "length-long": head(b"Content-Length: 9" + SIZE) + BODY,
    "casing": head(b"cOnTeNt-LeNgTh: " + SIZE) + BODY,
    "fold": head(b"X-Fold: a\r\n b", LENGTH[:-2]) + BODY,
    "fold-first": b"HTTP/1.1 200 OK\r\n X: a\r\n" + LENGTH + b"\r\n" + BODY,
    "space-before-colon": head(b"X-Space : a", LENGTH[:-2]) + BODY,
    "no-colon": head(b"X-Nothing", LENGTH[:-2]) + BODY,
    "nul": head(b"X-Nul: a\0b", LENGTH[:-2]) + BODY,
    "latin1": head(b"X-Name: caf\xe9", LENGTH[:-2]) + BODY,
    "line-feeds": OK[: -len(BODY)].replace(b"\r\n", b"\n") + BODY,
    "no-reason": head(LENGTH[:-2], status=b"HTTP/1.1 200 ") + BODY,
    "no-space": head(LENGTH[:-2], status=b"HTTP/1.1 200") + BODY,
    "status-99": head(LENGTH[:-2], status=b"HTTP/1.1 99 OK") + BODY,
    "status-599": head(LENGTH[:-2], status=b"HTTP/1.1 599 Odd") + BODY,
    "http2-line": head(LENGTH[:-2], status=b"HTTP/2 200 OK") + BODY,
    "http12": head(LENGTH[:-2], status=b"HTTP/1.2 200 OK") + BODY,
    "blank-first": b"\r\n" + OK,
    "not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "head-cut": OK[:40],
    "head-128k": head(*[b"X-Long: " + b"y" * 1000] * 128, LENGTH[:-2]) + BODY,
    "head-512k": head(*[b"X-Long: " + b"y" * 1000] * 512, LENGTH[:-2]) + BODY,
    "redirect": head(b"Location: /length", b"Content-Length: 0", status=b"HTTP/1.1 302 Found"),
    "gzip": head(b"Content-Encoding: gzip") + gzip.compress(BODY),
    "identity": head(b"Content-Encoding: identity", LENGTH[:-2]) + BODY,
    "zstd": head(b"Content-Encoding: zstd", LENGTH[:-2]) + BODY,
    "not-gzip": head(b"Content-Encoding: gzip", LENGTH[:-2]) + BODY,
    "coding-none": head(b"Content-Encoding: none", LENGTH[:-2]) + BODY,
    "bom": head() + codecs.BOM_UTF8 + BODY,
    "bom-twice": head() + codecs.BOM_UTF8 * 2 + BODY,
    "utf-16": head() + BODY.decode().encode("utf-16"),
    "no-content": head(b"Content-Length: 5", status=b"HTTP/1.1 204 No Content"),
}
