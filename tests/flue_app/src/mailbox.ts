// Commands from test routes to the workflow that waits for them, one queue a key. Whoever comes first
// waits for the other, so a test never has to guess whether the run has got that far.
export interface Command {
  kind: 'emit' | 'end';
  message?: string;
  level?: 'info' | 'warn' | 'error';
  attributes?: Record<string, unknown>;
  count?: number;
  result?: unknown;
  error?: string;
}

interface Letter {
  command: Command;
  handled: () => void;
}

interface Box {
  letters: Letter[];
  wake?: () => void;
}

const boxes = new Map<string, Box>();

function boxOf(key: string): Box {
  let box = boxes.get(key);
  if (!box) boxes.set(key, (box = { letters: [] }));
  return box;
}

/** Queue a command; resolve once the workflow has carried it out. */
export function send(key: string, command: Command): Promise<void> {
  const box = boxOf(key);
  return new Promise((handled) => {
    box.letters.push({ command, handled });
    box.wake?.();
  });
}

/** Wait for the next command of a key; call `handled` after carrying it out. */
export async function receive(key: string): Promise<Letter> {
  const box = boxOf(key);
  while (box.letters.length === 0) {
    await new Promise<void>((resolve) => (box.wake = resolve));
    box.wake = undefined;
  }
  return box.letters.shift()!;
}
