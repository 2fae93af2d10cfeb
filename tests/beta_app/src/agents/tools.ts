// Divides the two numbers of the message with a tool, then answers; the tool throws when the second is 0.
import { defineAgent, defineTool } from '@flue/runtime';
import * as v from 'valibot';
import { open } from '../agent.ts';
import { registerModel } from '../model.ts';

const model = registerModel('tools', function* ({ asked, results }) {
  if (results.length > 0) {
    yield { text: `The tool says ${results.join(', ')}.` };
    return;
  }
  const [a, b] = asked.split('/').map(Number);
  yield { text: 'Let me calculate.' };
  yield { call: 'divide', args: { a, b } };
});

const divide = defineTool({
  name: 'divide',
  description: 'Divides two numbers.',
  input: v.object({ a: v.number(), b: v.number() }),
  async run({ input }) {
    if (input.b === 0) throw new RangeError('b must not be zero');
    return { quotient: input.a / input.b };
  },
});

export default defineAgent(() => ({ model, instructions: 'Calculate with your tool.', tools: [divide] }));
export { open as attachments, open as route };
