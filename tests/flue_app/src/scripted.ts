// Agents that run on the fake model, and the tool that they call.
import { defineAgent, defineAgentProfile, defineTool } from '@flue/runtime';
import * as v from 'valibot';
import brief from './skills/brief/SKILL.md' with { type: 'skill' };

export const compute = defineTool({
  name: 'compute',
  description: 'Multiplies two numbers.',
  input: v.object({ a: v.number(), b: v.number() }),
  async run({ input }) {
    if (input.b === 0) throw new RangeError('b must not be zero');
    return { product: input.a * input.b };
  },
});

const helper = defineAgentProfile({ name: 'helper', description: 'Answers a detail.', instructions: 'Be brief.' });

export const scripted = defineAgent(() => ({
  model: 'fake/m1',
  instructions: 'Do what the script says.',
  thinkingLevel: 'medium',
  tools: [compute],
  skills: [brief],
  subagents: [helper],
}));

/** Its context window holds next to nothing, so that every longer answer compacts the session. */
export const forgetful = defineAgent(() => ({
  model: 'tiny/m1',
  instructions: 'Do what the script says.',
  tools: [compute],
  compaction: { reserveTokens: 500, keepRecentTokens: 50 },
}));
