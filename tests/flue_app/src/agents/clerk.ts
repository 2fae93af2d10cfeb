// An agent of its own, outside any run: only such streams carry `submission_settled` and the identities
// `instanceId`, `submissionId` and `agentName`, so this is where a test finds genuine ones.
import { scripted } from '../scripted.ts';
import { open } from '../workflow.ts';

export { scripted as default, open as route };
