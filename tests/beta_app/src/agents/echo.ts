// Answers at once with what it was told, and counts images.
import { defineAgent } from '@flue/runtime';
import { open } from '../agent.ts';
import { registerModel } from '../model.ts';

const model = registerModel('echo', function* ({ asked, images }) {
  yield { text: 'You said: ' };
  yield { text: asked };
  if (images > 0) yield { text: ` (${images} images)` };
});

export default defineAgent(() => ({ model, instructions: 'Repeat what you are told.' }));
export { open as attachments, open as route };
