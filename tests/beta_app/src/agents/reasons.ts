// Thinks before it answers. Its emoji is cut in two by the deltas: each carries a lone surrogate.
import { defineAgent } from '@flue/runtime';
import { open } from '../agent.ts';
import { registerModel } from '../model.ts';

const model = registerModel('reasons', function* () {
  yield { thought: 'Let me ' };
  yield { thought: 'think.' };
  yield { text: 'I am sure \ud83d' };
  yield { text: '\ude00.' };
});

export default defineAgent(() => ({ model, instructions: 'Think first.', thinkingLevel: 'medium' }));
export { open as attachments, open as route };
