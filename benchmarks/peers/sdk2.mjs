// Upstream's client for 2.x. A line of JSON in: `{call, ...}`; a line out: what it returned and took. `run` is the path
// of a conversation; what the calls do stands beside those of our own client in `conversing.py` and `watching.py`.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createFlueClient } from '@flue/sdk';

const EMPTY = { v: 1, conversationId: 'conv_01M8A1RZV1EG05E87PZ2J5JXJV', offset: '0', messages: [], settlements: [] };

const conversation = (url, run) => createFlueClient({ url: `${url}/${run}` });
const place = (offset) => Number(offset.split('_')[1]);
const length = (run) => Number(run.split('/').at(-1));
const now = () => Number(process.hrtime.bigint());

// Observes until `isOver` is true of a state; resolves with what it returned.
function observe(client, live, isOver) {
  const observation = client.observe({ live });
  return new Promise((resolve, reject) => {
    observation.subscribe(() => {
      const state = observation.getSnapshot();
      if (state.phase === 'error') reject(state.error);
      if (!state.conversation) return;
      const result = isOver(state);
      if (result) queueMicrotask(() => (observation.close(), resolve(result)));
    });
  });
}

// Pages of updates, handed over by a scripted `fetch`: no server, no network.
function scripted(pages) {
  return async (input, init) => {
    const query = new URL(input).searchParams;
    const at = Number(query.get('offset'));
    const headers = { 'content-type': 'application/json', 'stream-next-offset': String(at + 1) };
    if (query.get('view') === 'history') return new Response(JSON.stringify(EMPTY), { headers });
    if (at < pages.length) return new Response(pages[at], { headers });
    return new Promise((_, reject) => init.signal.addEventListener('abort', () => reject(init.signal.reason)));
  };
}

async function fold({ file }) {
  const pages = readFileSync(file, 'utf8').trimEnd().split('\n');
  const client = createFlueClient({ url: 'http://flue.test/agents/a/c', fetch: scripted(pages) });
  let count = 0;
  return await observe(client, 'long-poll', ({ phase, offset }) => {
    if (phase !== 'live') return 0;
    count += 1;
    return offset === String(pages.length) ? count - 1 : 0;
  });
}

function tail(url, run, live) {
  const end = length(run);
  return observe(conversation(url, run), live, ({ offset }) => offset && place(offset) === end && end);
}

// `wait` follows the updates of a submission since its admission; that of the last reply sees all of them.
async function wait({ url, run }) {
  const submissionId = `sub_${String(length(run) / 100).padStart(26, '0')}`;
  let count = 0;
  await conversation(url, run).wait({ streamUrl: `${url}/${run}`, offset: '-1', submissionId }, { onEvent: () => (count += 1) });
  return count + 1; // one comes after the settlement, which ends it
}

async function asks({ url, run, times }) {
  const taken = [];
  for (let number = 0; number < times; number += 1) {
    const client = conversation(url, `${run}-${number}`);
    const began = now();
    const reply = await client.read(await client.send({ message: { kind: 'user', body: 'hello' } }));
    taken.push(now() - began);
    if (reply.text !== 'You said: hello') throw new Error(`the agent said ${reply.text}`);
  }
  return taken;
}

const textOf = ({ messages }) => (messages.at(-1)?.parts ?? []).map((part) => part.text ?? '').join('');

async function watch({ url, run, mark, last }, live) {
  const times = [];
  await observe(conversation(url, run), live, ({ conversation }) => {
    const come = textOf(conversation).split(mark).length - 1;
    while (times.length < come) times.push(now());
    return come === last;
  });
  return times;
}

async function crowd({ url, prefix, size, plan }) {
  const resident = () => (globalThis.gc?.(), process.memoryUsage().rss);
  const before = resident();
  const [counts, worst] = [Array(size).fill(0), Array(size).fill(0)];
  let [open, bytesEach] = [0, 0];
  const take = (number, stamp) => {
    if (counts[number] === 0 && ++open === size) bytesEach = (resident() - before) / size;
    if (counts[number] > 0) worst[number] = Math.max(worst[number], (now() - stamp) / 1e6);
    counts[number] += 1;
  };
  const follow = (number) =>
    observe(conversation(url, `agents/live_${prefix}x${number}_${plan}`), 'sse', ({ conversation }) => {
      const stamps = textOf(conversation).split(' ').filter(Boolean);
      for (const stamp of stamps.slice(counts[number])) take(number, Number(stamp));
      return conversation.settlements.length > 0;
    });
  await Promise.all(counts.map((_, number) => follow(number)));
  return { fewest: Math.min(...counts), most: Math.max(...counts), bytes_each: bytesEach, worst_ms: worst };
}

const CALLS = {
  fold,
  wait,
  asks,
  crowd,
  observe_polls: ({ url, run }) => tail(url, run, 'long-poll'),
  observe_sse: ({ url, run }) => tail(url, run, 'sse'),
  watch_polls: (request) => watch(request, 'long-poll'),
  watch_sse: (request) => watch(request, 'sse'),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  globalThis.gc?.();
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const result = await CALLS[request.call](request);
  const spent = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      result,
      wall: (performance.now() - wall) / 1e3,
      cpu: (spent.user + spent.system) / 1e6,
      rss: process.resourceUsage().maxRSS,
    }),
  );
}
