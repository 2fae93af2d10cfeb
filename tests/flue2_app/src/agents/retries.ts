'use agent';
// Fails the first time that it is asked something, in mid-text and in a way that Flue tries again.
import { useModel } from '@flue/runtime';
import { registerModel } from '../model.ts';

const seen = new Set<string>();

const retries = registerModel('retries', function* ({ asked }) {
  if (seen.has(asked)) {
    yield { text: 'The second attempt.' };
    return;
  }
  seen.add(asked);
  yield { text: 'The first ' };
  throw new Error('overloaded');
});

export function Retries() {
  useModel(retries);
  return 'Try again.';
}
