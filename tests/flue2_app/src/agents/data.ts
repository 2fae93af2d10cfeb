'use agent';
// Writes as many data parts of one name as the message says, and one of another; attaches metadata.
import { defineTool, useDataWriter, useModel, useResponseFinish, useResponseStart, useTool } from '@flue/runtime';
import * as v from 'valibot';
import { registerModel } from '../model.ts';

const data = registerModel('data', function* ({ asked, results }) {
  if (results.length > 0) yield { text: 'Done.' };
  else yield { call: 'work', args: { steps: Number(asked) } };
});

export function Data() {
  useModel(data);
  const progress = useDataWriter('progress', { schema: v.object({ step: v.number(), of: v.number() }) });
  const note = useDataWriter('note', { schema: v.string() });
  useResponseStart(() => ({ stage: 'started', work: { by: 'data' } }));
  useResponseFinish(({ response }) => ({ stage: 'finished', work: { calls: response.toolCalls.length } }));
  useTool(
    defineTool({
      name: 'work',
      description: 'Works in steps.',
      input: v.object({ steps: v.number() }),
      async run({ data: { steps } }) {
        for (let step = 1; step <= steps; step += 1) progress({ step, of: steps });
        note('worked');
        return { output: { steps } };
      },
    }),
  );
  return 'Work with your tool.';
}
