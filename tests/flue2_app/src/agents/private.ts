'use agent';
// Is mounted behind a token.
import { useModel } from '@flue/runtime';
import { registerModel } from '../model.ts';

const discreet = registerModel('private', function* () {
  yield { text: 'Between us.' };
});

export function Private() {
  useModel(discreet);
  return 'Be discreet.';
}
