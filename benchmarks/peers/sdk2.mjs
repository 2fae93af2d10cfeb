// Upstream's client for 2.x, observing a conversation whose pages of updates are handed to it by a scripted
// `fetch`: no server, no network. A line of JSON in: `{file}`; a line out, as `sdk.mjs` has it.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createFlueClient } from '@flue/sdk';

const EMPTY = { v: 1, conversationId: 'conv_01M8A1RZV1EG05E87PZ2J5JXJV', offset: '0', messages: [], settlements: [] };

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

function fold({ file }) {
  const pages = readFileSync(file, 'utf8').trimEnd().split('\n');
  const fetch = scripted(pages);
  const observation = createFlueClient({ url: 'http://flue.test/agents/a/c', fetch }).observe({ live: true });
  let count = 0;
  return new Promise((resolve, reject) => {
    observation.subscribe(() => {
      const { phase, offset, error } = observation.getSnapshot();
      if (error) reject(error);
      if (phase !== 'live') return;
      count += 1;
      if (offset === String(pages.length)) queueMicrotask(() => (observation.close(), resolve(count - 1)));
    });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  globalThis.gc?.();
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const result = await fold(request);
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
