/** Files of a sandbox as tar archives, up and down, by its session key. */

import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Sandbox } from '../../contracts/index.ts';
import { absolutePathSchema } from '../../sandbox/remote/api.ts';
import { refuse } from '../http/http-problem.ts';
import { asRefusal } from '../http/read-body.ts';
import type { OpenCall, Route } from '../http/route.ts';
import { usageRoute } from './usage-route.ts';

const PATH = '/v1/sandboxes/{id}/files';
const TAR = 'application/x-tar';
const QUERY = { path: { description: 'absolute, in the sandbox', schema: absolutePathSchema, isRequired: true } };
const MAX_MESSAGE = 500;
/** A folder as its contents, anything else by its name. */
const PACK =
  'if [ -d "$1" ]; then exec tar -C "$1" -cf - .; fi; exec tar -C "$(dirname -- "$1")" -cf - -- "$(basename -- "$1")"';
/** GNU tar: some file changed while it was read; the archive is whole. */
const CHANGED_MEANWHILE = 1;

export function fileRoutes(): Route[] {
  return [
    usageRoute(),
    {
      auth: 'session',
      method: 'GET',
      path: PATH,
      summary: 'What lies at a path as a tar archive.',
      query: QUERY,
      binary: { reply: TAR },
      async handle({ hosted, query, response }) {
        hosted.demandRunning();
        await download(hosted.sandbox, pathOf(query), response);
        return undefined;
      },
    },
    {
      auth: 'session',
      method: 'PUT',
      path: PATH,
      summary: 'Unpack a tar archive below a folder, which is made when it is missing.',
      query: QUERY,
      binary: { body: TAR },
      hasLongBody: true,
      async handle({ hosted, query, request }) {
        hosted.demandRunning();
        await upload(hosted.sandbox, pathOf(query), request);
        return { status: 200, body: {} };
      },
    },
  ];
}

/** The archive is packed by a program in the sandbox: its paths are the sandbox's, whatever links lie there. */
async function download(sandbox: Sandbox, path: string, response: OpenCall['response']): Promise<void> {
  const child = await sandbox.spawn(['sh', '-c', PACK, 'sh', path]);
  child.stdin.end();
  const complaint = text(child.stderr);
  // Headers go with the first bytes: a path that is not there can still be told as an error. What fails later breaks the connection.
  response.setHeader('content-type', TAR);
  try {
    await pipeline(child.stdout, response, { end: false });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const { code } = await child.exit;
  if (code !== 0 && code !== CHANGED_MEANWHILE)
    throw refuse(422, `tar: ${(await complaint).slice(0, MAX_MESSAGE)}`, 'sandbox-file');
  response.end();
}

async function upload(sandbox: Sandbox, path: string, archive: OpenCall['request']): Promise<void> {
  const script = 'mkdir -p -- "$1" && exec tar -C "$1" -xf -';
  const child = await sandbox.spawn(['sh', '-c', script, 'sh', path], { stderr: 'merge' });
  const complaint = text(child.stdout);
  try {
    await pipeline(archive, child.stdin);
  } catch (error) {
    child.kill('SIGKILL');
    // A tar that gave up closes its input; its exit code and words say more than the pipe.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw asRefusal(error);
  }
  const { code } = await child.exit;
  if (code !== 0) throw refuse(422, `tar: ${(await complaint).slice(0, MAX_MESSAGE)}`, 'sandbox-file');
}

function pathOf(query: URLSearchParams): string {
  return query.get('path') ?? '';
}
