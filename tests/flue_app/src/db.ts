// Where runs live: in memory, or in the file that FLUE_TEST_DB names (they then survive a restart).
// The stores are kept at hand for the control routes, which append what no workflow can be made to emit.
import type { PersistenceAdapter, PersistenceStores } from '@flue/runtime/adapter';
import { sqlite } from '@flue/runtime/node';

const adapter = sqlite(process.env.FLUE_TEST_DB || undefined);
let connected: PersistenceStores | undefined;

export function stores(): PersistenceStores {
  if (!connected) throw new Error('The stores are not connected yet.');
  return connected;
}

export default {
  migrate: () => adapter.migrate?.(),
  async connect() {
    connected = await adapter.connect();
    return connected;
  },
  close: () => adapter.close?.(),
} satisfies PersistenceAdapter;
