// Two model turns with thinking, text, tool calls (one of which fails), tool results and usage.
import { defineWorkflow } from '@flue/runtime';
import { script } from '../model.ts';
import { scripted } from '../scripted.ts';
import { open } from '../workflow.ts';

export default defineWorkflow({
  agent: scripted,
  async run({ harness, log }) {
    log.warn('start', { a: 1 });
    const session = await harness.session();
    const answer = await session.prompt(
      script(
        {
          thinking: ['Let me ', 'multiply.'],
          text: ['I will ', 'compute.'],
          calls: [
            { name: 'compute', args: { a: 7, b: 6 } },
            { name: 'compute', args: { a: 1, b: 0 } },
          ],
        },
        // An emoji that the model's tokens cut in two: each delta carries a lone surrogate.
        { thinking: ['Done.'], text: ['The answer is 42 \ud83d', '\ude00.'], usage: { input: 100, output: 20 } },
      ),
    );
    return { answer: answer.text };
  },
});
export { open as route, open as runs };
