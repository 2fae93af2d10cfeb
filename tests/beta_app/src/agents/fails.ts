// Fails after a few words.
import { defineAgent } from '@flue/runtime';
import { open } from '../agent.ts';
import { registerModel } from '../model.ts';

const model = registerModel('fails', function* () {
  yield { text: 'I was about to ' };
  throw new Error('The model refuses.');
});

export default defineAgent(() => ({ model, instructions: 'Fail.' }));
export { open as attachments, open as route };
