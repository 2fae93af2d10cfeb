'use agent';
// Needs initial data, and greets whom they name.
import { useInitialData, useModel } from '@flue/runtime';
import * as v from 'valibot';
import { registerModel } from '../model.ts';

const visitor = v.object({ name: v.string() });

const greets = registerModel('greets', function* ({ instructions }) {
  yield { text: /Hello, [^!]*!/.exec(instructions)?.[0] ?? 'Hello!' };
});

export function Greets() {
  useModel(greets);
  const { name } = useInitialData<v.InferOutput<typeof visitor>>();
  return `Say "Hello, ${name}!"`;
}
Greets.initialData = visitor;
