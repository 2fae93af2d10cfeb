// Upstream's own client on live conversations, for many tests at once: `node live.mjs`. Each line of its input is a
// request in JSON; each line that it prints is the answer to one of them, with the same `id`, in any order.
// `{url, token, read}`: waits for a submission (an admission, or an id) -> `{reply}` or `{failure}`.
// `{url, token, observe}`: follows in a live mode -> `{}` once it has a state, and goes on.
// `{of, offset}`: the state of the observation `of` at this offset -> `{offset, state}`; ends it.
import { createInterface } from 'node:readline';
import { createFlueClient } from '@flue/sdk';

const LIMIT_MS = 15_000;
const observations = new Map();

/** The observation's snapshot once `is` holds, or as it is after the time limit. */
function reached(observation, is) {
  return new Promise((resolve) => {
    let unsubscribe;
    const look = (late) => {
      const snapshot = observation.getSnapshot();
      if (!(late || snapshot.error || is(snapshot))) return;
      clearTimeout(timer);
      unsubscribe?.();
      resolve(snapshot);
    };
    const timer = setTimeout(look, LIMIT_MS, true);
    unsubscribe = observation.subscribe(() => look(false));
    look(false);
  });
}

async function handle({ id, url, token, read, observe, of, offset }) {
  if (read) {
    const reply = await createFlueClient({ url, token }).read(read);
    return { reply };
  }
  if (observe) {
    const observation = createFlueClient({ url, token }).observe({ live: observe });
    observations.set(id, observation);
    const { error } = await reached(observation, ({ conversation }) => conversation);
    if (error) throw error;
    return {};
  }
  const observation = observations.get(of);
  const snapshot = await reached(observation, (now) => now.offset === offset);
  observation.close();
  return { offset: snapshot.offset, state: snapshot.conversation, error: snapshot.error && String(snapshot.error) };
}

function told({ name, message, target, targetId, failure, error }) {
  return { name, message, target, targetId, failure, error };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  handle(request)
    .catch((error) => ({ failure: told(error) }))
    .then((answer) => console.log(JSON.stringify({ id: request.id, ...answer })));
}
process.exit(0);
