// Compaction for every reason, each in its own session: `threshold` (the model reports more tokens than
// fit), `manual` (with a turn that is split, hence `compaction_prefix`), `overflow` (the model refuses the
// request), and a manual one that fails.
import type { FlueHarness } from '@flue/runtime';
import { defineWorkflow } from '@flue/runtime';
import { script } from '../model.ts';
import { forgetful } from '../scripted.ts';
import { open } from '../workflow.ts';

const LONG = 'many words about nothing at all, '.repeat(40);
const OVERFLOW = { status: 400, message: 'maximum context length is 2000 tokens' };

async function remembering(harness: FlueHarness, name: string) {
  const session = await harness.session(name);
  await session.prompt(script({ text: [LONG] }));
  return session;
}

export default defineWorkflow({
  agent: forgetful,
  async run({ harness }) {
    const threshold = await remembering(harness, 'threshold');
    await threshold.prompt(script({ text: [LONG], usage: { input: 1900, output: 50 } }));

    const manual = await remembering(harness, 'manual');
    await manual.prompt(script({ text: [LONG], calls: [{ name: 'compute', args: { a: 2, b: 3 } }] }, { text: [LONG] }));
    await manual.compact();

    const overflow = await remembering(harness, 'overflow');
    await overflow.prompt(script({ text: [LONG] }));
    await overflow.prompt(script({ failure: OVERFLOW })).catch(() => undefined);

    const failing = await remembering(harness, 'failing');
    await failing.prompt(script({ text: [`UNSPEAKABLE ${LONG}`] }));
    await failing.prompt(script({ text: [LONG] }));
    const refused = await failing.compact().then(() => false, () => true);
    return { refused };
  },
});
export { open as route, open as runs };
