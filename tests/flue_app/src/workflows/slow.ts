// Says nothing for `ms`, then returns.
import { defineWorkflow } from '@flue/runtime';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: v.object({ ms: v.number() }),
  async run({ input }) {
    await sleep(input.ms);
    return { slept: input.ms };
  },
});
export { open as route, open as runs };
