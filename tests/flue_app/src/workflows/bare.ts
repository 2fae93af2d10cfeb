// No input schema: a body is refused. Returns nothing.
import { defineWorkflow } from '@flue/runtime';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  async run({ log }) {
    log.info('bare');
  },
});
export { open as route, open as runs };
