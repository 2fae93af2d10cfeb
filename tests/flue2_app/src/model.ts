// Models that need no network: each is a function beside its agent that generates the deltas of a turn.
import {
  createAssistantMessageEventStream,
  createProvider,
  type AssistantMessage,
  type AssistantMessageEventStream,
  type Context,
  type Model,
  type SimpleStreamOptions,
  type TextContent,
  type ThinkingContent,
  type ToolCall,
} from '@earendil-works/pi-ai';
import { setProvider } from '@flue/runtime';

/** What the model is asked in one turn. */
export interface Turn {
  /** The text of the last user message or signal, without what Flue itself adds. */
  asked: string;
  /** How many images came with it. */
  images: number;
  /** What the tools that were called since then have answered. */
  results: string[];
  instructions: string;
  /** Aborted when the submission is. */
  signal: AbortSignal | undefined;
}

export type Delta =
  | { text: string }
  | { thought: string }
  | { call: string; args: Record<string, unknown> }
  /** How much of the context window the turn has filled. */
  | { tokens: number };

/** Generates the deltas of one turn. A throw ends the turn as a failure of the model. */
export type Generate = (turn: Turn) => Iterable<Delta> | AsyncIterable<Delta>;

const USAGE = {
  input: 12,
  output: 34,
  cacheRead: 0,
  cacheWrite: 0,
  totalTokens: 46,
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 },
};

type Block = TextContent | ThinkingContent | ToolCall;

function textOf(content: string | { type: string; text?: string }[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}

/** What Flue itself tells the model: signals of reserved types, and a list of attachments below a message. */
const NOTICE = /^<[\w.-]+ type="(resources|instructions|environment|stream_\w+|submission_\w+|compaction|memory)"/;
const ATTACHMENTS = /\s*<attachments>[^]*$/;

function isAsked({ role, content }: Context['messages'][number]): boolean {
  return role === 'user' && !NOTICE.test(textOf(content));
}

function turnOf({ messages, systemPrompt }: Context, signal?: AbortSignal): Turn {
  const at = messages.findLastIndex(isAsked);
  const content = messages[at]?.content ?? '';
  const results = messages.slice(at + 1).filter((message) => message.role === 'toolResult');
  return {
    asked: textOf(content).replace(ATTACHMENTS, ''),
    images: typeof content === 'string' ? 0 : content.filter((part) => part.type === 'image').length,
    results: results.map((result) => textOf(result.content)),
    instructions: systemPrompt ?? '',
    signal,
  };
}

/** Turns deltas into the events of a reply, as the APIs of real models do. */
class Reply {
  readonly message: AssistantMessage;
  #open?: TextContent | ThinkingContent;

  constructor(
    readonly stream: AssistantMessageEventStream,
    { api, provider, id }: Model<string>,
  ) {
    this.message = { role: 'assistant', content: [], api, provider, model: id, usage: USAGE, stopReason: 'stop', timestamp: Date.now() };
    stream.push({ type: 'start', partial: this.message });
  }

  add(delta: Delta): void {
    if ('text' in delta) this.#grow('text', delta.text);
    else if ('thought' in delta) this.#grow('thinking', delta.thought);
    else if ('call' in delta) this.#call(delta.call, delta.args);
    else this.message.usage = { ...USAGE, input: delta.tokens, totalTokens: delta.tokens + USAGE.output };
  }

  done(): void {
    this.#close();
    const reason = this.message.content.some((block) => block.type === 'toolCall') ? 'toolUse' : 'stop';
    this.message.stopReason = reason;
    this.stream.push({ type: 'done', reason, message: this.message });
  }

  failed(error: unknown, aborted: boolean): void {
    const reason = aborted ? 'aborted' : 'error';
    this.message.stopReason = reason;
    this.message.errorMessage = error instanceof Error ? error.message : String(error);
    this.stream.push({ type: 'error', reason, error: this.message });
  }

  #begin<B extends Block>(block: B): B {
    this.#close();
    this.message.content.push(block);
    return block;
  }

  #at(): { contentIndex: number; partial: AssistantMessage } {
    return { contentIndex: this.message.content.length - 1, partial: this.message };
  }

  #grow(kind: 'text' | 'thinking', delta: string): void {
    if (this.#open?.type !== kind) {
      this.#open = this.#begin(kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '' });
      this.stream.push({ type: `${kind}_start`, ...this.#at() });
    }
    if (this.#open.type === 'text') this.#open.text += delta;
    else this.#open.thinking += delta;
    this.stream.push({ type: `${kind}_delta`, delta, ...this.#at() });
  }

  #call(name: string, args: Record<string, unknown>): void {
    const toolCall = this.#begin<ToolCall>({ type: 'toolCall', id: `call_${crypto.randomUUID()}`, name, arguments: args });
    this.stream.push({ type: 'toolcall_start', ...this.#at() });
    this.stream.push({ type: 'toolcall_end', toolCall, ...this.#at() });
  }

  #close(): void {
    const block = this.#open;
    this.#open = undefined;
    if (block?.type === 'text') this.stream.push({ type: 'text_end', content: block.text, ...this.#at() });
    if (block?.type === 'thinking') this.stream.push({ type: 'thinking_end', content: block.thinking, ...this.#at() });
  }
}

async function run(reply: Reply, generate: Generate, turn: Turn): Promise<void> {
  try {
    for await (const delta of generate(turn)) {
      turn.signal?.throwIfAborted();
      reply.add(delta);
    }
    reply.done();
  } catch (error) {
    reply.failed(error, turn.signal?.aborted ?? false);
  }
}

/** Registers a model; returns its specifier for `useModel`. */
export function registerModel(id: string, generate: Generate, contextWindow = 1_000_000): string {
  const stream = (called: Model<string>, context: Context, options?: SimpleStreamOptions) => {
    const events = createAssistantMessageEventStream();
    void run(new Reply(events, called), generate, turnOf(context, options?.signal));
    return events;
  };
  const described: Model<string> = {
    id: 'model',
    name: id,
    api: 'generated',
    provider: id,
    baseUrl: 'http://model.invalid',
    reasoning: true,
    input: ['text', 'image'],
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    contextWindow,
    maxTokens: 4_000,
  };
  const keyless = { apiKey: { name: 'none', resolve: async () => ({ auth: { apiKey: 'none' } }) } };
  setProvider(createProvider({ id, auth: keyless, models: [described], api: { stream, streamSimple: stream } }));
  return `${id}/model`;
}
