/** Asks the server to do something to a run. */

import type { AttemptNotes } from '../../../src/store/attempt-notes.ts';
import type { AnnotateRequest } from '../../../src/view/annotate.ts';
import type {
  ForkRequest,
  RequeueRequest,
  ResumeRequest,
  StartRequest,
  StopRequest,
} from '../../../src/view/run-controls.ts';
import { ask } from './fetch-document.ts';

interface Controls {
  start: { request: Omit<StartRequest, 'instances'> & { instances?: string[] }; answer: { runId: string } };
  fork: { request: ForkRequest; answer: { runId: string } };
  requeue: { request: RequeueRequest; answer: { runId: string } };
  annotate: { request: AnnotateRequest; answer: AttemptNotes };
  stop: { request: StopRequest; answer: object };
  resume: { request: ResumeRequest; answer: object };
}

/** Resolves when it is done. Throws `DocumentError` with what the command said. */
export async function sendControl<Name extends keyof Controls>(
  name: Name,
  request: Controls[Name]['request'],
): Promise<Controls[Name]['answer']> {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(`control/${name}`, { method: 'POST', headers, body: JSON.stringify(request) });
  return (await response.json()) as Controls[Name]['answer'];
}
