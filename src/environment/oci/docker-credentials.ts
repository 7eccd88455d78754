/**
 * User names and passwords for registries, as `docker login`, `podman login` and credential helpers keep them: `$REGISTRY_AUTH_FILE`,
 * `$DOCKER_CONFIG/config.json`, `~/.docker/config.json`, Podman's `auth.json`. They never reach a log or a sandbox.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runHostProcess } from '../../base/host-process.ts';
import { AssayError } from '../../contracts/index.ts';

export interface Credentials {
  username: string;
  password: string;
  /** A refresh token instead of a password. */
  identityToken?: string;
}

const configSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }).catchall(z.unknown()),
    )
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});
type Config = z.infer<typeof configSchema>;

const helperReplySchema = z.object({ Username: z.string(), Secret: z.string() });

/** The key that Docker Hub's credentials have been under since 2013. */
const HUB_KEY = 'https://index.docker.io/v1/';

/** Undefined when nobody has logged in there. Throws `config-invalid` when a credential helper fails otherwise than by not knowing the registry. */
export async function findCredentials(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  for (const path of configFiles(env)) {
    const config = await readConfig(path);
    const found = config === undefined ? undefined : await fromConfig(config, registry, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

function configFiles(env: NodeJS.ProcessEnv): string[] {
  const home = env.HOME || homedir();
  const runtime = env.XDG_RUNTIME_DIR;
  return [
    ...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []),
    join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
  ];
}

async function readConfig(path: string): Promise<Config | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    return configSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AssayError('config-invalid', `${path} is not a file of registry credentials`, { class: 'input', cause });
  }
}

async function fromConfig(config: Config, registry: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const keys =
    registry === 'docker.io' ? [HUB_KEY, 'docker.io', 'index.docker.io', 'registry-1.docker.io'] : [registry];
  for (const key of keys) {
    const helper = config.credHelpers?.[key] ?? config.credsStore;
    const helped = helper === undefined ? undefined : await askHelper(helper, key, env);
    if (helped !== undefined) return helped;
    const entry = config.auths?.[key] ?? config.auths?.[`https://${key}`] ?? config.auths?.[`https://${key}/v2/`];
    const [username, password] = decodePair(entry?.auth);
    if (entry?.identitytoken) return { username: '', password: '', identityToken: entry.identitytoken };
    if (username !== undefined && password !== undefined) return { username, password };
  }
  return undefined;
}

/** base64 of `name:password` */
function decodePair(auth: string | undefined): [string?, string?] {
  if (!auth) return [];
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The protocol of docker-credential-helpers: the registry on stdin, JSON on stdout. */
async function askHelper(name: string, key: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const failed = (why: string) =>
    new AssayError('config-invalid', `the credential helper ${program} failed: ${why}`, { class: 'input' });
  const result = await runHostProcess([program, 'get'], { input: key, timeoutMs: 30_000, env }).catch((error) => {
    throw failed((error as Error).message);
  });
  const text = result.stdout.toString();
  if (result.code !== 0) {
    if (/not found/i.test(text + result.stderr.toString())) return undefined;
    throw failed(result.stderr.toString().trim().slice(0, 200) || `it ended with ${result.code}`);
  }
  const reply = helperReplySchema.safeParse(JSON.parse(text));
  if (!reply.success) throw failed('it printed no credentials');
  const { Username, Secret } = reply.data;
  if (Username === '<token>') return { username: '', password: '', identityToken: Secret };
  return { username: Username, password: Secret };
}
