// A run that a test drives: it logs `waiting`, then does what `/test/emit/{key}` says until
// `/test/gate/{key}` ends it.
import { defineWorkflow } from '@flue/runtime';
import * as v from 'valibot';
import { receive } from '../mailbox.ts';
import { modelless, open } from '../workflow.ts';

export default defineWorkflow({
  agent: modelless,
  input: v.object({ key: v.string() }),
  async run({ input, log }) {
    log.info('waiting', { key: input.key });
    let emitted = 0;
    for (;;) {
      const { command, handled } = await receive(input.key);
      if (command.kind === 'end') {
        handled();
        if (command.error !== undefined) throw new Error(command.error);
        return (command.result ?? { emitted }) as never;
      }
      for (let i = 0; i < (command.count ?? 1); i += 1) {
        log[command.level ?? 'info'](command.message ?? `step ${emitted}`, { i: emitted, ...command.attributes });
        emitted += 1;
      }
      handled();
    }
  },
});
export { open as route, open as runs };
