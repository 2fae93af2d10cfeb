'use agent';
// Fails after a few words: in the model, or, if the message is `start`, in the agent before the model is asked.
import { useAgentStart, useDelivery, useModel } from '@flue/runtime';
import { registerModel } from '../model.ts';

const fails = registerModel('fails', function* () {
  yield { text: 'I was about to ' };
  throw new Error('The model refuses.');
});

export function Fails() {
  useModel(fails);
  const { body } = useDelivery();
  useAgentStart(() => {
    if (body === 'start') throw new TypeError('The agent is broken.');
  });
  return 'Fail.';
}
