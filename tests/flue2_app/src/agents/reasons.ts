'use agent';
// Thinks before it answers. Its emoji is cut in two by the deltas: each carries a lone surrogate.
import { useModel } from '@flue/runtime';
import { registerModel } from '../model.ts';

const reasons = registerModel('reasons', function* () {
  yield { thought: 'Let me ' };
  yield { thought: 'think.' };
  yield { text: 'I am sure \ud83d' };
  yield { text: '\ude00.' };
});

export function Reasons() {
  useModel(reasons);
  return 'Think first.';
}
