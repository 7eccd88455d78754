/** The data plane: processes of one sandbox, by its session key. */
import {
  ackRequestSchema,
  clientIdSchema,
  STDIN_CHUNK_BYTES,
  signalRequestSchema,
  spawnRequestSchema,
} from '../../sandbox/remote/api.ts';
import { sendOutput } from '../data/send-output.ts';
import { refuse } from '../http/http-problem.ts';
import { readBody, readJson } from '../http/read-body.ts';
import type { Route, SessionCall } from '../http/route.ts';

const ONE = '/v1/sandboxes/{id}/processes/{process}';
const OFFSETS = { stdout: 'bytes of stdout the client has', stderr: 'bytes of stderr the client has' };
const FRAMES = 'application/octet-stream';

export function processRoutes(): Route[] {
  const find = ({ hosted, params }: SessionCall) => hosted.process(params.process ?? '');
  return [
    {
      auth: 'session',
      method: 'PUT',
      path: ONE,
      summary:
        'Start a process under an id of the client, and get its output as frames. Sent again, it starts nothing new.',
      body: spawnRequestSchema,
      binary: { reply: FRAMES },
      async handle({ request, response, hosted, params }) {
        const id = clientIdSchema.safeParse(params.process);
        if (!id.success) throw refuse(400, 'a process is named by 8 to 64 letters, digits, - and _');
        const process = await hosted.spawn(id.data, await readJson(request, spawnRequestSchema));
        await sendOutput(process, { stdout: 0, stderr: 0 }, response);
        return undefined;
      },
    },
    {
      auth: 'session',
      method: 'GET',
      path: `${ONE}/output`,
      summary: 'The output of a process as frames, from the offsets on. Takes the place of a connection before it.',
      query: OFFSETS,
      binary: { reply: FRAMES },
      async handle(call) {
        const offsets = { stdout: offsetOf(call.query, 'stdout'), stderr: offsetOf(call.query, 'stderr') };
        await sendOutput(await find(call), offsets, call.response);
        return undefined;
      },
    },
    {
      auth: 'session',
      method: 'POST',
      path: `${ONE}/ack`,
      summary: 'Say which bytes the client has for good; the server keeps all others.',
      body: ackRequestSchema,
      async handle(call) {
        const process = await find(call);
        process.acknowledge(await readJson(call.request, ackRequestSchema));
        return { status: 200, body: {} };
      },
    },
    {
      auth: 'session',
      method: 'POST',
      path: `${ONE}/stdin`,
      summary: 'Input that begins at an offset of all input; bytes that came before are passed over.',
      query: { offset: 'of the first byte of the body', last: '1 when no input follows' },
      binary: { body: FRAMES },
      async handle(call) {
        const offset = offsetOf(call.query, 'offset');
        const process = await find(call);
        await process.admitInput(async () => {
          const bytes = await readBody(call.request, STDIN_CHUNK_BYTES);
          await process.write(offset, bytes, call.query.get('last') === '1');
        });
        return { status: 200, body: {} };
      },
    },
    {
      auth: 'session',
      method: 'POST',
      path: `${ONE}/signal`,
      summary: 'Signal the process group of a process.',
      body: signalRequestSchema,
      async handle(call) {
        const process = await find(call);
        process.kill((await readJson(call.request, signalRequestSchema)).signal);
        return { status: 200, body: {} };
      },
    },
    {
      auth: 'session',
      method: 'DELETE',
      path: ONE,
      summary: 'Let go of a process and its output. It is not killed.',
      async handle({ hosted, params }) {
        await hosted.release(params.process ?? '');
        return { status: 200, body: {} };
      },
    },
  ];
}

function offsetOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '0';
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw refuse(400, `${name}: an offset in bytes`);
  return value;
}
