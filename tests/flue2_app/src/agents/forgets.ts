'use agent';
// Fills its context window with every answer, so that Flue compacts the conversation after each.
import { useModel } from '@flue/runtime';
import { registerModel } from '../model.ts';

const WINDOW = 2_000;
const LONG = 'many words about nothing at all, '.repeat(20);

const forgets = registerModel(
  'forgets',
  function* () {
    yield { text: LONG };
    yield { tokens: WINDOW };
  },
  WINDOW,
);

export function Forgets() {
  useModel(forgets, { compaction: { reserveTokens: 500, keepRecentTokens: 50 } });
  return 'Talk.';
}
