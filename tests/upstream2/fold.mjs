// Folds conversations with upstream's own client, which is handed scripted answers in place of a server:
// `node fold.mjs FILE`, with an array of requests in FILE. Prints a line of JSON for each of them.
// `{sdk, snapshot, pages: [{offset, chunks}], end}`: the states up to the offset `end`, as `[[offset, state], ...]`.
// `{snapshot, submissions}`: the replies of these submissions, read from the snapshot.
import { readFileSync } from 'node:fs';
import { createFlueClient, readSubmissionReply } from '@flue/sdk';
import { createFlueClient as createBetaClient } from 'sdk-beta';

const BASE = 'http://flue.test';
const OBSERVE = {
  2: (fetch) => createFlueClient({ url: `${BASE}/agents/a/c`, fetch }).observe({ live: true }),
  beta: (fetch) => createBetaClient({ baseUrl: BASE, fetch }).agents.observe('a', 'c', { live: true }),
};

function answer(value, offset, headers = {}) {
  const all = { 'content-type': 'application/json', 'stream-next-offset': offset, ...headers };
  return new Response(JSON.stringify(value), { headers: all });
}

function scripted({ snapshot, pages }) {
  const next = new Map();
  let before = snapshot.offset;
  for (const page of pages) {
    next.set(before, page);
    before = page.offset;
  }
  return async (input, init) => {
    const query = new URL(input).searchParams;
    if (query.get('view') === 'history') return answer(snapshot, snapshot.offset);
    const page = next.get(query.get('offset'));
    if (page) return answer(page.chunks, page.offset);
    return new Promise((_, reject) => init.signal.addEventListener('abort', () => reject(init.signal.reason)));
  };
}

function fold(conversation) {
  const states = [];
  return new Promise((resolve, reject) => {
    const observation = OBSERVE[conversation.sdk](scripted(conversation));
    observation.subscribe(() => {
      const { conversation: state, offset, error } = observation.getSnapshot();
      if (error) reject(error);
      if (!state) return;
      // It goes on under the same offset, with the chunks of the next page up to the last one.
      if (states.at(-1)?.[0] !== offset) states.push([offset, state]);
      if (offset === conversation.end) queueMicrotask(() => (observation.close(), resolve(states)));
    });
  });
}

for (const request of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const replies = () => request.submissions.map((id) => readSubmissionReply(request.snapshot, id));
  console.log(JSON.stringify(request.submissions ? replies() : await fold(request)));
}
