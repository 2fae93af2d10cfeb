// Every kind of operation: prompt, shell (of the harness and of a session), skill, task, compact, and one
// that fails; the task runs as a delegated session and once more through the model's own `task` tool.
import { defineWorkflow } from '@flue/runtime';
import * as v from 'valibot';
import { script } from '../model.ts';
import { scripted } from '../scripted.ts';
import { open } from '../workflow.ts';

export default defineWorkflow({
  agent: scripted,
  input: v.object({}),
  async run({ harness }) {
    await harness.shell('echo harness');
    const session = await harness.session();
    const shell = await session.shell('echo session; exit 3');
    await session.skill('brief', { args: { question: 'why' } });
    await session.task(script({ text: ['A detail.'] }), { agent: 'helper', cwd: '/home' });
    const call = { name: 'task', args: { description: 'detail', prompt: 'Tell me.', agent: 'helper' } };
    await session.prompt(script({ calls: [call] }, { text: ['Delegated.'] }));
    await session.compact();
    const failed = await session.task('x', { agent: 'nobody' }).then(() => false, () => true);
    return { exitCode: shell.exitCode, failed };
  },
});
export { open as route, open as runs };
