// What the agents that are served over HTTP share: middleware that lets all through.
import type { AgentRouteHandler } from '@flue/runtime';

export const open: AgentRouteHandler = async (_c, next) => next();
