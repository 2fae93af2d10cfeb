// What every workflow of this app shares: an agent without a model, and middleware that lets all through.
import { defineAgent, type WorkflowRouteHandler } from '@flue/runtime';
import * as v from 'valibot';

export const modelless = defineAgent(() => ({ model: false }));

export const open: WorkflowRouteHandler = async (_c, next) => next();

/**
 * Accept any JSON value. Flue insists on an object schema for a workflow's input; this one calls itself
 * an object and lets everything through, so that a test can send `null`, a list or a number as well.
 */
export const anyJson = {
  ...v.looseObject({}),
  '~run': (dataset: { typed?: boolean }) => Object.assign(dataset, { typed: true }),
} as unknown as ReturnType<typeof v.looseObject<Record<never, never>, undefined>>;
