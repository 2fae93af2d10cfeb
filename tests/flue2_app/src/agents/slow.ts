'use agent';
// Says what `/test/slow/{key}` tells it to, one command after another; the message is the key.
import { useModel } from '@flue/runtime';
import { receive } from '../mailbox.ts';
import { registerModel } from '../model.ts';

const slow = registerModel('slow', async function* ({ asked, signal }) {
  for (;;) {
    const { command, handled } = await receive(asked, signal);
    for (const word of command.words ?? []) yield { text: word };
    handled();
    if (command.fail !== undefined) throw new Error(command.fail);
    if (command.end) return;
  }
});

export function Slow() {
  useModel(slow);
  return 'Take your time.';
}
