import { defineWorkflow } from '@flue/runtime';
import * as v from 'valibot';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: v.object({ text: v.string() }),
  async run({ input, log }) {
    log.info('summarizing', { length: input.text.length });
    return { summary: input.text.split(/\s+/).slice(0, 3).join(' ') };
  },
});
export { open as route, open as runs };
