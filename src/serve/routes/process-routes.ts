/** The data plane: processes of one sandbox, by its session key. */
import { z } from 'zod';
import {
  ackRequestSchema,
  clientIdSchema,
  STDIN_CHUNK_BYTES,
  signalRequestSchema,
  spawnRequestSchema,
} from '../../sandbox/remote/api.ts';
import { replyOutput } from '../data/send-output.ts';
import { readBody, readJson } from '../http/read-body.ts';
import type { Route, SessionCall } from '../http/route.ts';

const ONE = '/v1/sandboxes/{id}/processes/{process}';
const params = { process: clientIdSchema };
const offsetSchema = z.string().regex(/^[0-9]{1,15}$/, 'an offset in bytes');
const OFFSETS = {
  stdout: { description: 'bytes of stdout the client has', schema: offsetSchema },
  stderr: { description: 'bytes of stderr the client has', schema: offsetSchema },
};
const FRAMES = 'application/octet-stream';

export function processRoutes(): Route[] {
  const find = ({ hosted, params }: SessionCall) => hosted.process(params.process ?? '');
  return [
    {
      auth: 'session',
      method: 'PUT',
      path: ONE,
      params,
      summary:
        'Start a process under an id of the client, and get its output as frames. Sent again, it starts nothing new.',
      body: spawnRequestSchema,
      binary: { reply: FRAMES },
      async handle({ request, response, hosted, params }) {
        const process = await hosted.spawn(params.process ?? '', await readJson(request, spawnRequestSchema));
        await replyOutput(process, { stdout: 0, stderr: 0 }, response);
        return undefined;
      },
    },
    {
      auth: 'session',
      method: 'GET',
      path: `${ONE}/output`,
      params,
      summary: 'The output of a process as frames, from the offsets on. Takes the place of a connection before it.',
      query: OFFSETS,
      binary: { reply: FRAMES },
      async handle(call) {
        const offsets = { stdout: offsetOf(call.query, 'stdout'), stderr: offsetOf(call.query, 'stderr') };
        await replyOutput(await find(call), offsets, call.response);
        return undefined;
      },
    },
    {
      auth: 'session',
      method: 'POST',
      path: `${ONE}/ack`,
      params,
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
      params,
      summary: 'Input that begins at an offset of all input; bytes that came before are passed over.',
      query: {
        offset: { description: 'of the first byte of the body', schema: offsetSchema },
        last: { description: '1 when no input follows' },
      },
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
      params,
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
      params,
      summary: 'Let go of a process and its output. It is not killed.',
      async handle({ hosted, params }) {
        await hosted.release(params.process ?? '');
        return { status: 200, body: {} };
      },
    },
  ];
}

function offsetOf(query: URLSearchParams, name: string): number {
  return Number(query.get(name) ?? '0');
}
