// Exports no `route` and so is not served over HTTP.
import { defineAgent } from '@flue/runtime';
import { registerModel } from '../model.ts';

const model = registerModel('hidden', function* () {
  yield { text: 'Nobody hears this.' };
});

export default defineAgent(() => ({ model }));
