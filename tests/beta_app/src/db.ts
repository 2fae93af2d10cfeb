// Conversations in the file that FLUE_TEST_DB names, else in memory: then they go with the process.
import { sqlite } from '@flue/runtime/node';

export default sqlite(process.env.FLUE_TEST_DB || undefined);
