// Reads a run with upstream's own client: `node sdk-read.mjs BASE_URL RUN_ID MODE [OFFSET] [TAIL]`, where
// MODE is events, stream-false, stream-longpoll or stream-sse, and an empty OFFSET or TAIL is none given.
// Prints each event as a line of JSON, then `{"offset", "count"}`; `events` knows no offset.
import { createFlueClient } from '@flue/sdk';

const LIVE = { 'stream-false': false, 'stream-longpoll': true, 'stream-sse': 'sse' };
const [baseUrl, runId, mode, offset, tail] = process.argv.slice(2);
const client = createFlueClient({ baseUrl, token: process.env.FLUE_TOKEN || undefined });
const options = { ...(offset && { offset }), ...(tail && { tail: Number(tail) }) };

async function* read() {
  if (mode === 'events') {
    yield* await client.runs.events(runId, options);
    return null;
  }
  if (!(mode in LIVE)) throw new Error(`No such mode: ${mode}`);
  const stream = client.runs.stream(runId, { ...options, live: LIVE[mode] });
  yield* stream;
  return stream.offset;
}

const lines = [];
const events = read();
let step = await events.next();
for (; !step.done; step = await events.next()) lines.push(JSON.stringify(step.value));
lines.push(JSON.stringify({ offset: step.value, count: lines.length }));
process.stdout.write(`${lines.join('\n')}\n`);
