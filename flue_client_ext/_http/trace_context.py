"""The trace context of the caller: the headers `traceparent` and `tracestate` (W3C Trace Context).

They name the current span of OpenTelemetry. A program that has not imported `opentelemetry` has
none, so nothing is imported here for it. A flow runs in the context of its call: the span that was
current when a stream was opened is named by its reconnects too."""

from __future__ import annotations

import sys

from attrs import evolve

from .._values.http import Request

NAMES = ("traceparent", "tracestate")


def with_trace_context(request: Request) -> Request:
    """Return `request` with the context of the current span, unless its headers have one."""
    if "opentelemetry.trace" not in sys.modules or any(name in request.headers for name in NAMES):
        return request
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return evolve(request, headers={**request.headers, **headers}) if headers else request
