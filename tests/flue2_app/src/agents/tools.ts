'use agent';
// Divides the two numbers of the message with a tool, then answers; the tool throws when the second is 0.
import { defineTool, useModel, useTool } from '@flue/runtime';
import * as v from 'valibot';
import { registerModel } from '../model.ts';

const tools = registerModel('tools', function* ({ asked, results }) {
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
  async run({ data }) {
    if (data.b === 0) throw new RangeError('b must not be zero');
    return { output: { quotient: data.a / data.b } };
  },
});

export function Tools() {
  useModel(tools);
  useTool(divide);
  return 'Calculate with your tool.';
}
