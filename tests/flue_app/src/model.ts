// A model provider that needs no model: it answers as an OpenAI chat-completions stream, and what it says
// is written in the prompt. A prompt that is JSON `{"turns": [...]}` is a script, one entry a model turn
// (a tool result asks for the next one); any other prompt gets a plain answer, except that a conversation
// with the word UNSPEAKABLE in it cannot be summarized.
import type { Context } from 'hono';

export interface Turn {
  thinking?: string[];
  text?: string[];
  calls?: { name: string; args: Record<string, unknown> }[];
  usage?: { input: number; output: number };
  /** Answer with this HTTP status and message instead of a completion. */
  failure?: { status: number; message: string };
}

interface ChatMessage {
  role: string;
  content: string | { type: string; text?: string }[] | null;
}

const PLAIN: Turn = { text: ['A plain ', 'answer.'] };
const REFUSED: Turn = { failure: { status: 400, message: 'This cannot be summarized.' } };

export function script(...turns: Turn[]): string {
  return JSON.stringify({ turns });
}

function textOf(message: ChatMessage): string {
  if (typeof message.content === 'string') return message.content;
  return (message.content ?? []).map((part) => part.text ?? '').join('');
}

/** The entry of the script in the last user message that follows the turns already spoken. */
function nextTurn(messages: ChatMessage[]): Turn {
  const asked = messages.findLastIndex((message) => message.role === 'user');
  const text = asked < 0 ? '' : textOf(messages[asked]!);
  if (text.includes('<conversation>') && text.includes('UNSPEAKABLE')) return REFUSED;
  if (!text.startsWith('{"turns":')) return PLAIN;
  const spoken = messages.slice(asked + 1).filter((message) => message.role === 'assistant').length;
  return (JSON.parse(text).turns[spoken] as Turn | undefined) ?? PLAIN;
}

function* deltas(turn: Turn): Generator<Record<string, unknown>> {
  yield { role: 'assistant', content: '' };
  for (const text of turn.thinking ?? []) yield { reasoning_content: text };
  for (const text of turn.text ?? []) yield { content: text };
  for (const [index, call] of (turn.calls ?? []).entries()) {
    const id = `call_${crypto.randomUUID()}`;
    yield { tool_calls: [{ index, id, type: 'function', function: { name: call.name, arguments: '' } }] };
    yield { tool_calls: [{ index, function: { arguments: JSON.stringify(call.args) } }] };
  }
}

function chunks(model: string, turn: Turn): string {
  const head = { id: `chatcmpl-${crypto.randomUUID()}`, object: 'chat.completion.chunk', created: 0, model };
  const usage = turn.usage ?? { input: 12, output: 34 };
  const total = usage.input + usage.output;
  const lines = [...deltas(turn)].map((delta) => ({ ...head, choices: [{ index: 0, delta, finish_reason: null }] }));
  const reason = turn.calls?.length ? 'tool_calls' : 'stop';
  return [
    ...lines,
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: reason }] },
    { ...head, choices: [], usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: total } },
  ]
    .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
    .concat('data: [DONE]\n\n')
    .join('');
}

export async function completions(c: Context): Promise<Response> {
  const request = (await c.req.json()) as { model: string; messages: ChatMessage[] };
  const turn = nextTurn(request.messages);
  if (turn.failure) {
    return Response.json({ error: { message: turn.failure.message } }, { status: turn.failure.status });
  }
  return new Response(chunks(request.model, turn), { headers: { 'content-type': 'text/event-stream' } });
}
