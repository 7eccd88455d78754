/** Where the container engine listens: as the `docker` and `podman` programs would look it up. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';

export interface EngineEndpoint {
  /** As the user wrote it; for messages. */
  address: string;
  /** Options of `http.request` that lead there. */
  request: { socketPath: string } | { host: string; port: number };
  /** Client certificates, when TLS is spoken. */
  tls?: { ca: Buffer; cert: Buffer; key: Buffer };
}

/**
 * `DOCKER_HOST`, else `CONTAINER_HOST` (Podman), else the current docker context, else the first socket that exists: Docker's, rootless Docker's,
 * Podman's. Throws `config-invalid` for an address that cannot be used; undefined when nothing is there.
 */
export function findEngine(env: NodeJS.ProcessEnv = process.env): EngineEndpoint | undefined {
  const configured = env.DOCKER_HOST || env.CONTAINER_HOST || contextHost(env);
  if (configured) return parseEndpoint(configured, env);
  const runtime = env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.() ?? 0}`;
  const sockets = [
    '/var/run/docker.sock',
    `${runtime}/docker.sock`,
    '/run/podman/podman.sock',
    `${runtime}/podman/podman.sock`,
  ];
  const found = sockets.find((path) => existsSync(path));
  return found === undefined ? undefined : parseEndpoint(`unix://${found}`, env);
}

/** What `findEngine` finds; throws `sandbox-unavailable` when there is nothing. */
export function requireEngine(): EngineEndpoint {
  const endpoint = findEngine();
  if (endpoint !== undefined) return endpoint;
  throw new AssayError('sandbox-unavailable', 'no container engine was found on this machine', {
    class: 'infra',
    retryable: false,
    hint: 'Install Docker or Podman, or set DOCKER_HOST to where one listens.',
  });
}

/** `unix://PATH`, `tcp://HOST:PORT`, `http(s)://HOST:PORT`. */
export function parseEndpoint(address: string, env: NodeJS.ProcessEnv = process.env): EngineEndpoint {
  if (address.startsWith('unix://')) return { address, request: { socketPath: address.slice('unix://'.length) } };
  const match = /^(tcp|https?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(address);
  if (match === null) {
    throw new AssayError('config-invalid', `${address} is not an address of a container engine that Assay can use`, {
      class: 'input',
      retryable: false,
      hint: 'Set DOCKER_HOST to unix:///path or tcp://host:port; for ssh, forward the socket: `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`.',
    });
  }
  const [, scheme, host = '', port] = match;
  const secure = scheme === 'https' || (env.DOCKER_TLS_VERIFY ?? '') !== '';
  const request = { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? (secure ? 2376 : 2375)) };
  if (!secure) return { address, request };
  const folder = env.DOCKER_CERT_PATH || join(homedir(), '.docker');
  const read = (name: string) => readFileSync(join(folder, name));
  return { address, request, tls: { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') } };
}

const configSchema = z.object({ currentContext: z.string().optional() });
const contextSchema = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) });

/** The address of the context chosen by `docker context use`, or undefined for the default one. */
function contextHost(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env.DOCKER_CONFIG || join(homedir(), '.docker');
  const name = env.DOCKER_CONTEXT || readJson(join(folder, 'config.json'), configSchema)?.currentContext;
  if (!name || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  return readJson(join(folder, 'contexts', 'meta', id, 'meta.json'), contextSchema)?.Endpoints.docker.Host;
}

function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined; // not there, or not JSON: as if nothing were configured, which is what the docker program does
  }
}
