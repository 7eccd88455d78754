/** A program started in a container through the API server: its stdin and stdout over one WebSocket. */
import WebSocket from 'ws';
import { z } from 'zod';
import { ApiError } from './api-client.ts';
import type { ClusterAccess } from './cluster-access.ts';

export interface ExecRequest {
  namespace: string;
  pod: string;
  container: string;
  argv: readonly string[];
  /** Bytes of stdout. */
  onOutput(bytes: Buffer): void;
}

export interface ExecStream {
  /** Bytes for stdin. */
  send(bytes: Buffer): void;
  close(): void;
  /** Resolves when the stream is over. */
  readonly ended: Promise<ExecEnd>;
}

export interface ExecEnd {
  /** Null when the stream was cut before the program ended. */
  exitCode: number | null;
  /** What the server or the program said. */
  message: string;
}

/** Every version of Kubernetes speaks it; later ones add only the end of stdin. */
const PROTOCOL = 'v4.channel.k8s.io';
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const HANDSHAKE_MS = 20_000;
/** Load balancers forget connections that are silent for a minute. */
const PING_MS = 25_000;
const COMPLAINT_BYTES = 1_000;

const statusSchema = z.object({
  status: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({ causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).optional() })
    .nullish(),
});

/** Resolves once the stream is open. Throws the server's refusal as `ApiError`. */
export async function openExec(access: ClusterAccess, request: ExecRequest): Promise<ExecStream> {
  const { headers, agent, ...tls } = await access.options();
  const secure = access.server.protocol === 'https:';
  const socket = new WebSocket(execUrl(access.server, request), [PROTOCOL], {
    ...tls,
    ...(secure && agent !== undefined ? { agent } : {}),
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
  });
  let exitCode: number | null = null;
  let said = '';
  socket.on('message', (data: Buffer) => {
    const bytes = data.subarray(1);
    if (data[0] === STDOUT) request.onOutput(bytes);
    else if (data[0] === STDERR) said = (said + bytes.toString()).slice(-COMPLAINT_BYTES);
    else if (data[0] === STATUS) {
      const status = statusOf(bytes);
      exitCode = status.exitCode;
      if (said === '') said = status.message;
    }
  });
  const ended = new Promise<ExecEnd>((resolve) => {
    socket.on('close', (code, reason) => {
      clearInterval(pings);
      resolve({ exitCode, message: said || reason.toString() || `the stream was closed (${code})` });
    });
  });
  const pings = setInterval(() => socket.ping(), PING_MS);
  pings.unref();
  socket.on('error', (error) => {
    said ||= error.message;
  });
  await opened(socket, access);
  return {
    send(bytes) {
      if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.concat([Buffer.from([STDIN]), bytes]));
    },
    close: () => socket.terminate(),
    ended,
  };
}

function execUrl(server: URL, { namespace, pod, container, argv }: ExecRequest): URL {
  const path = `${server.pathname.replace(/\/$/, '')}/api/v1/namespaces/${namespace}/pods/${pod}/exec`;
  const url = new URL(path, server);
  url.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  for (const name of ['stdin', 'stdout', 'stderr']) url.searchParams.append(name, 'true');
  url.searchParams.append('container', container);
  for (const word of argv) url.searchParams.append('command', word);
  return url;
}

async function opened(socket: WebSocket, access: ClusterAccess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0;
      if (status === 401) access.forget();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        socket.terminate();
        reject(refusalOf(status, Buffer.concat(chunks)));
      });
    });
  });
}

function refusalOf(status: number, bytes: Buffer): ApiError {
  const told = statusSchema.safeParse(parsed(bytes));
  const words = told.success ? told.data.message : undefined;
  return new ApiError(status, '', words ?? `HTTP ${status}: ${bytes.toString().slice(0, COMPLAINT_BYTES)}`);
}

/** The end of the program, as a `Status` object. */
function statusOf(bytes: Buffer): ExecEnd {
  const told = statusSchema.safeParse(parsed(bytes));
  if (!told.success) return { exitCode: null, message: bytes.toString().slice(0, COMPLAINT_BYTES) };
  const { status, message, details } = told.data;
  if (status === 'Success') return { exitCode: 0, message: '' };
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return { exitCode: code === undefined ? null : Number(code), message: message ?? 'the program could not be run' };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined; // a proxy in between may speak in plain words
  }
}
