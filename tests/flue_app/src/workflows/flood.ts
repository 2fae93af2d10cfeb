// `n` log events of about `bytes` payload as fast as they go; the event loop gets a turn after every 200,
// so that live readers are served meanwhile.
import { defineWorkflow } from '@flue/runtime';
import { setImmediate as turn } from 'node:timers/promises';
import * as v from 'valibot';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: v.object({ n: v.number(), bytes: v.optional(v.number(), 0) }),
  async run({ input, log }) {
    const pad = 'x'.repeat(input.bytes);
    for (let i = 0; i < input.n; i += 1) {
      log.info(`flood ${i}`, { i, pad });
      if (i % 200 === 199) await turn();
    }
    return { events: input.n };
  },
});
export { open as route, open as runs };
