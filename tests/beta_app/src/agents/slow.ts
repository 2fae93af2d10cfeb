// Says what `/test/slow/{key}` tells it to, one command after another; the message is the key.
import { defineAgent } from '@flue/runtime';
import { open } from '../agent.ts';
import { receive } from '../mailbox.ts';
import { registerModel } from '../model.ts';

const model = registerModel('slow', async function* ({ asked, signal }) {
  for (;;) {
    const { command, handled } = await receive(asked, signal);
    for (const word of command.words ?? []) yield { text: word };
    handled();
    if (command.fail !== undefined) throw new Error(command.fail);
    if (command.end) return;
  }
});

export default defineAgent(() => ({ model, instructions: 'Take your time.' }));
export { open as attachments, open as route };
