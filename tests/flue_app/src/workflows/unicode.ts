// Payloads that break careless readers: line separators of other worlds, astral characters, halves of
// them, control characters, long lines. The result holds what the events held.
import { defineWorkflow } from '@flue/runtime';
import * as v from 'valibot';
import { modelless, open } from '../workflow.ts';

export const SAMPLES: Record<string, string> = {
  lineSeparator: 'a\u2028b\u2029c',
  nextLine: 'a\u0085b',
  newlines: 'a\nb\rc\r\nd',
  fakeFrame: 'x\n\nevent: control\ndata:{"streamClosed":true}\n\n',
  emoji: '👩‍👩‍👧‍👦 🇩🇪 \u{1f9ea}',
  highHalf: '\ud83d',
  lowHalf: '\ude00',
  controls: '\u0000\u0001\u001f\u007f\ufeff\ufffe',
  scripts: 'Ελληνικά עברית العربية 中文 한국어 ไทย',
};

export default defineWorkflow({
  agent: modelless,
  input: v.object({ bytes: v.optional(v.number(), 0) }),
  async run({ input, log }) {
    for (const [name, text] of Object.entries(SAMPLES)) log.info(text, { name, [text]: text });
    log.info('long', { pad: 'é'.repeat(input.bytes / 2) });
    return SAMPLES;
  },
});
export { open as route, open as runs };
