// Routes by which a test drives a run step by step. They are no part of Flue's API.
import { createFlueContext, failRecoveredRun, resolveModel } from '@flue/runtime/internal';
import { listRuns } from '@flue/runtime';
import { Hono, type Context } from 'hono';
import { stores } from './db.ts';
import { send, type Command } from './mailbox.ts';

async function bodyOf<T>(c: Context): Promise<Partial<T>> {
  const text = await c.req.text();
  return text === '' ? {} : JSON.parse(text);
}

export const controls = new Hono();

/** Make the `gate` run of this key log `count` events; answers once they are emitted. */
controls.post('/emit/:key', async (c) => {
  await send(c.req.param('key'), { ...(await bodyOf<Command>(c)), kind: 'emit' });
  return c.json({ ok: true });
});

/** Let the `gate` run of this key end: `{result}` returns it, `{error}` throws it. */
controls.post('/gate/:key', async (c) => {
  await send(c.req.param('key'), { ...(await bodyOf<Command>(c)), kind: 'end' });
  return c.json({ ok: true });
});

/** Append one raw event (or a list of them) to a run's stream, whatever it is. */
controls.post('/runs/:runId/events', async (c) => {
  const events = [await c.req.json()].flat();
  const offsets = [];
  for (const event of events) offsets.push(await stores().eventStreamStore.appendEvent(`runs/${c.req.param('runId')}`, event));
  return c.json({ offsets });
});

/** Close a run's stream, with or without a `run_end` before it. */
controls.post('/runs/:runId/close', async (c) => {
  await stores().eventStreamStore.closeStream(`runs/${c.req.param('runId')}`);
  return c.json({ ok: true });
});

/** End a run the way Flue's own crash recovery does: `run_resume`, then a failed `run_end`. */
controls.post('/runs/:runId/recover', async (c) => {
  const runId = c.req.param('runId');
  const { executionStore, eventStreamStore, runStore } = stores();
  const run = await runStore.getRun(runId);
  if (!run) return c.json({ ok: false }, 404);
  await failRecoveredRun({
    runId,
    workflowName: run.workflowName,
    request: new Request('http://recovery.invalid/'),
    error: new Error('The process was interrupted.'),
    runStore,
    eventStreamStore,
    createContext: ({ initialEventIndex }) =>
      createFlueContext({
        id: runId,
        runId,
        initialEventIndex,
        env: process.env,
        req: undefined,
        agentConfig: { resolveModel },
        createDefaultEnv: () => Promise.reject(new Error('A recovered run needs no sandbox.')),
        defaultStore: executionStore.sessions,
        submissionStore: executionStore.submissions,
      }),
  });
  return c.json({ ok: true });
});

/** The runs the server has started, newest first: how a test counts executions. */
controls.get('/runs', async (c) => c.json(await listRuns({ workflowName: c.req.query('workflow'), limit: 1000 })));
