/** Images of the engine: finding one by reference, and letting the engine pull it. */
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import { type EngineClient, EngineError } from './engine-client.ts';

/** User name and password for a registry, as the docker program keeps them; undefined: none are known. */
export type FindCredentials = (reference: string) => Promise<{ username: string; password: string } | undefined>;

const imageSchema = z.object({
  Id: z.string(),
  Config: z
    .object({ User: z.string().optional(), Env: z.array(z.string()).nullish(), WorkingDir: z.string().optional() })
    .nullish(),
});

export interface EngineImage {
  /** `sha256:<hex>` of the image's configuration. */
  id: string;
  /** Whether processes run as root. */
  asRoot: boolean;
  env: Record<string, string>;
  workdir: string;
}

/** The image, pulled when it is not there. Throws `sandbox-create-failed`. */
export async function ensureImage(
  engine: EngineClient,
  reference: string,
  findCredentials?: FindCredentials,
): Promise<EngineImage> {
  const present = await inspectImage(engine, reference);
  if (present !== undefined) return present;
  await pullImage(engine, reference, findCredentials);
  const pulled = await inspectImage(engine, reference);
  if (pulled !== undefined) return pulled;
  throw imageFailed(reference, 'the engine pulled it, but does not have it');
}

export async function inspectImage(engine: EngineClient, reference: string): Promise<EngineImage | undefined> {
  const reply = await engine.call({ method: 'GET', path: `/images/${encodeURI(reference)}/json`, accept: [404] });
  if (reply.status === 404) return undefined;
  const image = imageSchema.parse(JSON.parse(reply.body.toString()));
  const [user = ''] = (image.Config?.User ?? '').split(':');
  return {
    // Podman leaves the algorithm out.
    id: image.Id.startsWith('sha256:') ? image.Id : `sha256:${image.Id}`,
    asRoot: ['', '0', 'root'].includes(user),
    env: Object.fromEntries((image.Config?.Env ?? []).map(variable)),
    workdir: image.Config?.WorkingDir || '/',
  };
}

/** `NAME=value`, where the value may hold more of these. */
function variable(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

async function pullImage(engine: EngineClient, reference: string, find?: FindCredentials): Promise<void> {
  const credentials = await find?.(reference);
  const auth = credentials === undefined ? undefined : Buffer.from(JSON.stringify(credentials)).toString('base64url');
  // Without a tag the engine would pull all of them.
  const named = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
  try {
    const response = await engine.open({
      method: 'POST',
      path: `/images/create?fromImage=${encodeURIComponent(named)}`,
      timeoutMs: 300_000,
      ...(auth === undefined ? {} : { headers: { 'x-registry-auth': auth } }),
    });
    for await (const line of createInterface({ input: response })) {
      const error = line.trim() === '' ? undefined : (JSON.parse(line) as { error?: string }).error;
      if (error !== undefined) throw new EngineError(500, error);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw imageFailed(reference, error.message, error);
  }
}

function imageFailed(reference: string, why: string, cause?: unknown): AssayError {
  return new AssayError('sandbox-create-failed', `the engine cannot get the image ${reference}: ${why}`, {
    class: 'infra',
    retryable: null,
    hint: 'Check the name; for a private registry run `docker login`; or load it with `docker load`.',
    cause,
  });
}
