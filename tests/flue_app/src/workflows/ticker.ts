// `n` log events, one each `ms`.
import { defineWorkflow } from '@flue/runtime';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: v.object({ n: v.number(), ms: v.number(), pad: v.optional(v.string(), '') }),
  async run({ input, log }) {
    for (let i = 0; i < input.n; i += 1) {
      log.info(`tick ${i}`, { i, pad: input.pad, t: Date.now() });
      await sleep(input.ms);
    }
    return { ticks: input.n };
  },
});
export { open as route, open as runs };
