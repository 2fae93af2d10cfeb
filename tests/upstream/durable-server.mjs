// The Durable Streams protocol's own reference server, in memory or in DURABLE_TEST_DIR.
import { DurableStreamTestServer } from '@durable-streams/server';

const server = new DurableStreamTestServer({
  port: Number(process.env.PORT),
  longPollTimeout: Number(process.env.DURABLE_TEST_LONG_POLL_MS || 30_000),
  dataDir: process.env.DURABLE_TEST_DIR || undefined,
});
await server.start();
