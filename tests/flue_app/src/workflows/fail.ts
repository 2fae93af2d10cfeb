import { defineWorkflow } from '@flue/runtime';
import * as v from 'valibot';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: v.object({ message: v.optional(v.string(), 'boom: kaput') }),
  async run({ input, log }) {
    log.error('about to fail', {});
    throw new TypeError(input.message);
  },
});
export { open as route, open as runs };
