// Models that need no network: each is a function beside its agent that generates the deltas of a turn. The
// runtime reaches them as the models of one OpenAI-compatible provider, a route of this app.
import type { Context } from 'hono';

/** What the model is asked in one turn. */
export interface Turn {
  /** The text of the last user message, without what Flue itself adds. */
  asked: string;
  /** How many images came with it. */
  images: number;
  /** What the tools that were called since then have answered. */
  results: string[];
  /** Aborted when the submission is. */
  signal: AbortSignal;
}

export type Delta = { text: string } | { thought: string } | { call: string; args: Record<string, unknown> };

/** Generates the deltas of one turn. A throw ends the turn as a failure of the model. */
export type Generate = (turn: Turn) => Iterable<Delta> | AsyncIterable<Delta>;

interface ChatMessage {
  role: string;
  content: string | { type: string; text?: string }[] | null;
}

const models = new Map<string, Generate>();

/** Registers a model; returns its specifier for an agent. */
export function registerModel(id: string, generate: Generate): string {
  models.set(id, generate);
  return `fake/${id}`;
}

function textOf({ content }: ChatMessage): string {
  return typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
}

/** What Flue puts below a message: a list of its attachments. */
const ATTACHMENTS = /\s*<attachments>[^]*$/;

function turnOf(messages: ChatMessage[], signal: AbortSignal): Turn {
  const at = messages.findLastIndex((message) => message.role === 'user');
  const text = at < 0 ? '' : textOf(messages[at]!);
  const results = messages.slice(at + 1).filter((message) => message.role === 'tool');
  const images = text.match(/<image /g)?.length ?? 0;
  return { asked: text.replace(ATTACHMENTS, ''), images, results: results.map(textOf), signal };
}

function* spoken(delta: Delta): Generator<Record<string, unknown>> {
  if ('text' in delta) yield { content: delta.text };
  else if ('thought' in delta) yield { reasoning_content: delta.thought };
  else {
    const id = `call_${crypto.randomUUID()}`;
    yield { tool_calls: [{ index: 0, id, type: 'function', function: { name: delta.call, arguments: '' } }] };
    yield { tool_calls: [{ index: 0, function: { arguments: JSON.stringify(delta.args) } }] };
  }
}

const USAGE = { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 };

/** The chunks of one completion; an error of the model is one as well. */
async function* chunks(model: string, turn: Turn): AsyncGenerator<unknown> {
  const head = { id: `chatcmpl-${crypto.randomUUID()}`, object: 'chat.completion.chunk', created: 0, model };
  const generate = models.get(model);
  try {
    if (!generate) throw new Error(`There is no model ${model}.`);
    let reason = 'stop';
    for await (const delta of generate(turn)) {
      if ('call' in delta) reason = 'tool_calls';
      for (const said of spoken(delta)) yield { ...head, choices: [{ index: 0, delta: said, finish_reason: null }] };
    }
    yield { ...head, choices: [{ index: 0, delta: {}, finish_reason: reason }] };
    yield { ...head, choices: [], usage: USAGE };
  } catch (error) {
    yield { error: { message: (error as Error).message, type: 'model_error' } };
  }
}

export async function completions(c: Context): Promise<Response> {
  const { model, messages } = (await c.req.json()) as { model: string; messages: ChatMessage[] };
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async start(controller) {
      const say = (data: string) => controller.enqueue(encoder.encode(`data: ${data}\n\n`));
      try {
        for await (const chunk of chunks(model, turnOf(messages, c.req.raw.signal))) say(JSON.stringify(chunk));
        say('[DONE]');
        controller.close();
      } catch {
        // The runtime has gone away: the submission was aborted.
      }
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}
