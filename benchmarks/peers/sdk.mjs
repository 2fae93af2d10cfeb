// Upstream's own client. A line of JSON in: `{call, url, run}`; a line out: what it delivered and took.
import { createInterface } from 'node:readline';
import { createFlueClient } from '@flue/sdk';

const LIVE = { not_live: false, polls: true, sse: 'sse' };

async function read({ call, url, run, live }) {
  const { runs } = createFlueClient({ baseUrl: url });
  if (call === 'lags') return lags(runs.stream(run, { live: live === 'sse' ? 'sse' : true }));
  if (call === 'events') return (await runs.events(run)).length;
  let count = 0;
  for await (const _ of runs.stream(run, { live: LIVE[call] })) count += 1;
  return count;
}

// Nanoseconds from the moment that the live server appended each event: Node reads the same clock.
async function lags(stream) {
  const found = [];
  for await (const event of stream) found.push(Number(process.hrtime.bigint()) - event.attributes.ns);
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  globalThis.gc?.();
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const result = await read(request);
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
