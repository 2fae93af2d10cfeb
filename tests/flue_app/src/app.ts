// The application around Flue: an optional mount prefix and token, the fake model, and the test routes.
import { registerProvider } from '@flue/runtime';
import { flue } from '@flue/runtime/routing';
import { Hono } from 'hono';
import { controls } from './controls.ts';
import { completions } from './model.ts';

const prefix = process.env.FLUE_TEST_MOUNT || '/';
const token = process.env.FLUE_TEST_TOKEN;
const baseUrl = `http://127.0.0.1:${process.env.PORT}/model/v1`;

registerProvider('fake', { api: 'openai-completions', baseUrl, apiKey: 'none', contextWindow: 100_000, maxTokens: 4_000 });
registerProvider('tiny', { api: 'openai-completions', baseUrl, apiKey: 'none', contextWindow: 2_000, maxTokens: 200 });

const app = new Hono();
app.post('/model/v1/chat/completions', completions);
app.route('/test', controls);
if (token) {
  app.use(async (c, next) => {
    if (c.req.header('authorization') === `Bearer ${token}`) return next();
    return c.json({ error: 'unauthorized' }, 401, { 'www-authenticate': 'Bearer' });
  });
}
app.route(prefix, flue());

export default app;
