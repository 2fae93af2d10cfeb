// Can be invoked, cannot be read: it exports no `runs`.
import { defineWorkflow } from '@flue/runtime';
import { anyJson, modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: anyJson,
  async run({ input }) {
    return { hidden: input } as never;
  },
});
export { open as route };
