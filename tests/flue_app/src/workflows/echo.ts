// Returns its input, whatever JSON it is. No input arrives as `{}` (Flue's own rule for a schema).
import { defineWorkflow } from '@flue/runtime';
import { anyJson, modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: anyJson,
  async run({ input }) {
    return input as never;
  },
});
export { open as route, open as runs };
