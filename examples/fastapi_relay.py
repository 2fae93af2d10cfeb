"""Relay an agent's conversations to browsers by server-sent events; the token stays here.

    pip install . fastapi uvicorn                             # in a checkout
    export FLUE_BASE_URL=http://127.0.0.1:3583                # and FLUE_TOKEN
    uvicorn --app-dir examples fastapi_relay:app --timeout-graceful-shutdown 5

and open http://127.0.0.1:8000/ticket-42 in a browser.

The browser gets the conversation's updates as they come, each batch as one event. The event's id is
the checkpoint behind it: a browser that reconnects sends it back as Last-Event-ID, and goes on
there, in this process or in another one. When the browser leaves, its stream from Flue ends.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from flue_client_ext import (
    AsyncConversation,
    AsyncFlueClient,
    AsyncUpdateStream,
    FlueApiError,
    StreamResetError,
    UpdateCheckpoint,
)

AGENT = os.environ.get("RELAY_AGENT", "assistant")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncFlueClient() as client:  # one for all requests
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


def conversation(id: str) -> AsyncConversation:
    """The conversation of a request. Check here that this user may see it."""
    client: AsyncFlueClient = app.state.client
    try:
        return client.agents.conversation(AGENT, id)
    except ValueError:  # such as the id ".."
        raise HTTPException(404) from None


async def updates(
    conversation: Annotated[AsyncConversation, Depends(conversation)],
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[AsyncUpdateStream]:
    """The updates since the browser's last event. The stream is closed when the response ends."""
    try:
        resume = UpdateCheckpoint.from_json(last_event_id) if last_event_id else None
        stream = conversation.updates(resume=resume, live="auto")
    except ValueError as error:  # no checkpoint, or one of another conversation
        raise HTTPException(400, str(error)) from None
    async with stream:
        yield stream


class Message(BaseModel):
    text: str
    key: str  # of the browser: it may send again what was not answered


@app.post("/{id}", status_code=202)
async def send(
    conversation: Annotated[AsyncConversation, Depends(conversation)], message: Message
) -> str:
    admission = await conversation.send(message.text, idempotency_key=message.key)
    return admission.submission_id


@app.get("/{id}/updates", response_class=EventSourceResponse)
async def relay(
    stream: Annotated[AsyncUpdateStream, Depends(updates)],
) -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent(comment="here", retry=500)  # milliseconds until the browser reconnects
    try:
        async for batch, _ in stream.batches():
            if batch:
                data = [update.to_dict() for update in batch]
                yield ServerSentEvent(data=data, id=stream.checkpoint.to_json())
    except StreamResetError:  # the server has lost the conversation: begin anew
        yield ServerSentEvent(event="reset", data="the conversation is another one")
    except FlueApiError as error:  # such as a 404 before the first message
        yield ServerSentEvent(event="refused", data=error.status)


@app.get("/{id}", response_class=HTMLResponse)
async def page() -> str:
    return PAGE


PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Conversation</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem }
  #messages p { white-space: pre-wrap }
  .user { font-weight: bold }
  .tool { color: gray }
</style>
<div id="messages"></div>
<form><input name="text" autocomplete="off" autofocus> <button>Send</button></form>
<script>
const messages = new Map();
let source, sent = 0;

function connect() {
  const before = sent;
  source = new EventSource(location.pathname + '/updates');
  source.onmessage = ({ data }) => { JSON.parse(data).forEach(apply); render(); };
  source.addEventListener('reset', () => { source.close(); messages.clear(); connect(); });
  source.addEventListener('refused', () => {  // there may be no conversation before a message
    source.close();
    if (sent > before) connect();
  });
}

function apply(update) {
  const { type, messageId } = update;
  const parts = messages.get(messageId)?.parts;
  const last = parts?.at(-1);
  if (type === 'conversation-reset') {  // text that was taken back is not in it
    messages.clear();
    for (const message of update.snapshot.messages) messages.set(message.id, message);
  } else if (type === 'message-appended') messages.set(update.message.id, update.message);
  else if (type === 'message-started' && !parts)
    messages.set(messageId, { role: 'assistant', display: 'visible', parts: [] });
  else if (type === 'message-delta' && parts) {
    if (last?.type === update.kind && last.state === 'streaming') last.text += update.delta;
    else parts.push({ type: update.kind, text: update.delta, state: 'streaming' });
  } else if (type === 'tool-input' && parts)
    parts.push({ type: 'dynamic-tool', toolName: update.toolName });
  else if (type === 'message-completed' && parts)
    for (const part of parts) part.state = 'done';
}

function render() {
  const lines = [...messages.values()]
    .filter(({ display }) => (display ?? 'visible') === 'visible')
    .flatMap(({ role, parts }) => parts.filter(isShown).map((part) => line(role, part)));
  document.getElementById('messages').replaceChildren(...lines);
}

const isShown = ({ type }) => type === 'text' || type === 'dynamic-tool';

function line(role, part) {
  const p = document.createElement('p');
  p.className = part.type === 'text' ? role : 'tool';
  p.textContent = part.text ?? part.toolName ?? '';  // text, never markup
  return p;
}

document.forms[0].onsubmit = async (event) => {
  event.preventDefault();
  const input = event.target.text, message = { text: input.value, key: crypto.randomUUID() };
  input.value = '';
  await fetch(location.pathname, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message),
  });
  sent += 1;
  if (source.readyState === EventSource.CLOSED) connect();
};

connect();
</script>
"""
