'use agent';
// Answers at once with what it was told, and counts images.
import { useModel } from '@flue/runtime';
import { registerModel } from '../model.ts';

const echo = registerModel('echo', function* ({ asked, images }) {
  yield { text: 'You said: ' };
  yield { text: asked };
  if (images > 0) yield { text: ` (${images} images)` };
});

export function Echo() {
  useModel(echo);
  return 'Repeat what you are told.';
}
