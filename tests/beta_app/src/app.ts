// The application around Flue: an optional mount prefix and token, the models, and the test route.
import { registerProvider } from '@flue/runtime';
import { flue } from '@flue/runtime/routing';
import { Hono } from 'hono';
import { send } from './mailbox.ts';
import { completions } from './model.ts';

const prefix = process.env.FLUE_TEST_MOUNT || '/';
const token = process.env.FLUE_TEST_TOKEN;
const baseUrl = `http://127.0.0.1:${process.env.PORT}/model/v1`;

registerProvider('fake', { api: 'openai-completions', baseUrl, apiKey: 'none', contextWindow: 100_000, maxTokens: 4_000 });

const app = new Hono();
app.post('/model/v1/chat/completions', completions);
/** Make the `slow` model that was asked this key say words, fail or end; answers once it has done so. */
app.post('/test/slow/:key', async (c) => {
  await send(c.req.param('key'), await c.req.json());
  return c.json({ ok: true });
});
if (token) {
  app.use(async (c, next) => {
    if (c.req.header('authorization') === `Bearer ${token}`) return next();
    return c.json({ error: 'unauthorized' }, 401, { 'www-authenticate': 'Bearer' });
  });
}
app.route(prefix, flue());

export default app;
