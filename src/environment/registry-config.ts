/**
 * Where packages come from, as npm and pip would decide: `npm_config_registry` or `registry=` in the user's .npmrc; `PIP_INDEX_URL` or `index-url` in pip.conf; else the public
 * registries. Credentials in a URL go into a header of Assay's own requests and never further.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Registry {
  /** Ends with `/`, holds no credentials. */
  url: string;
  /** Value of the Authorization header. Secret. */
  authorization?: string;
}

export interface RegistryConfig {
  npm: Registry;
  pypi: Registry;
}

const NPM_DEFAULT = 'https://registry.npmjs.org/';
const PYPI_DEFAULT = 'https://pypi.org/simple/';

/** `home` is where the files of the two tools are looked for. */
export async function registryConfig(env: NodeJS.ProcessEnv, home: string = homedir()): Promise<RegistryConfig> {
  const npm =
    env.npm_config_registry ||
    env.NPM_CONFIG_REGISTRY ||
    (await setting([env.npm_config_userconfig || join(home, '.npmrc')], /^\s*registry\s*=\s*(\S+)/m));
  const pypi =
    env.PIP_INDEX_URL ||
    (await setting(
      [
        env.PIP_CONFIG_FILE ?? '',
        join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip/pip.conf'),
        join(home, '.pip/pip.conf'),
        '/etc/pip.conf',
      ],
      /^\s*index-url\s*[=:]\s*(\S+)/m,
    ));
  return { npm: registry(npm, NPM_DEFAULT), pypi: registry(pypi, PYPI_DEFAULT) };
}

/** The first of the files that has the setting. Files that are not there count as empty. */
async function setting(files: readonly string[], pattern: RegExp): Promise<string | undefined> {
  for (const file of files.filter((name) => name !== '')) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const value = pattern.exec(text)?.[1]?.replace(/^"(.*)"$/, '$1');
    if (value !== undefined) return value;
  }
  return undefined;
}

function registry(text: string | undefined, fallback: string): Registry {
  if (text === undefined || !URL.canParse(text)) return { url: fallback };
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const plain = url.href.endsWith('/') ? url.href : `${url.href}/`;
  if (username === '' && password === '') return { url: plain };
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: plain, authorization: `Basic ${Buffer.from(secret).toString('base64')}` };
}
