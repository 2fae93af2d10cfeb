// Commands from the test route to the `slow` model that waits for them, one queue a key. Whoever comes first
// waits for the other, so a test never has to guess whether the model has been asked yet.
export interface Command {
  /** Words to say, each a delta of its own. */
  words?: string[];
  /** Ends the turn as a failure of the model with this message. */
  fail?: string;
  /** Ends the turn. */
  end?: boolean;
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

/** Queue a command; resolve once the model has carried it out. */
export function send(key: string, command: Command): Promise<void> {
  const box = boxOf(key);
  return new Promise((handled) => {
    box.letters.push({ command, handled });
    box.wake?.();
  });
}

/** Wait for the next command of a key; call `handled` after carrying it out. Rejects when aborted. */
export async function receive(key: string, signal?: AbortSignal): Promise<Letter> {
  const box = boxOf(key);
  while (box.letters.length === 0) {
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      box.wake = resolve;
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  return box.letters.shift()!;
}
