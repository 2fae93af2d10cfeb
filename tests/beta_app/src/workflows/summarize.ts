// A workflow and its runs stand beside the agents. It never asks the model, which beta.9 demands.
import { defineAgent, defineWorkflow, type WorkflowRouteHandler } from '@flue/runtime';
import * as v from 'valibot';
import { registerModel } from '../model.ts';

const model = registerModel('summarize', function* () {});

const open: WorkflowRouteHandler = async (_c, next) => next();

export default defineWorkflow({
  agent: defineAgent(() => ({ model })),
  input: v.object({ text: v.string() }),
  async run({ input, log }) {
    log.info('summarizing', { length: input.text.length });
    return { summary: input.text.split(/\s+/).slice(0, 3).join(' ') };
  },
});
export { open as route, open as runs };
