// Every agent at `agents/{name}`, and `echo` at a second path that demands a token.
import { createAgentRouter } from '@flue/runtime/routing';
import { Hono, type MiddlewareHandler } from 'hono';
import { Data } from './agents/data.ts';
import { Echo } from './agents/echo.ts';
import { Fails } from './agents/fails.ts';
import { Forgets } from './agents/forgets.ts';
import { Greets } from './agents/greets.ts';
import { Private } from './agents/private.ts';
import { Reasons } from './agents/reasons.ts';
import { Retries } from './agents/retries.ts';
import { Slow } from './agents/slow.ts';
import { Tools } from './agents/tools.ts';
import { send } from './mailbox.ts';

function demand(token: string): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.header('authorization') === `Bearer ${token}`) return next();
    return c.json({ error: 'unauthorized' }, 401, { 'www-authenticate': 'Bearer' });
  };
}

const prefix = process.env.FLUE_TEST_MOUNT || '/';
const token = process.env.FLUE_TEST_TOKEN;
const privateToken = process.env.FLUE_TEST_PRIVATE_TOKEN ?? '';
const agents = { data: Data, echo: Echo, fails: Fails, forgets: Forgets, greets: Greets, private: Private, reasons: Reasons, retries: Retries, slow: Slow, tools: Tools };

const api = new Hono();
if (token) api.use(demand(token));
for (const path of ['/agents/private/*', '/private/*']) api.use(path, demand(privateToken));
for (const [name, agent] of Object.entries(agents)) api.route(`/agents/${name}`, createAgentRouter(agent));
api.route('/private/chat', createAgentRouter(Echo));

const app = new Hono();
/** Make the `slow` model that was asked this key say words, fail or end; answers once it has done so. */
app.post('/test/slow/:key', async (c) => {
  await send(c.req.param('key'), await c.req.json());
  return c.json({ ok: true });
});
app.route(prefix, api);

export default app;
