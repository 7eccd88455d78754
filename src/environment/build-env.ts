/** Environment variables inside sandboxes, made from nothing: what is not named here does not get in. */
import { WORKSPACE_ENV } from '../sandbox/workspace.ts';
import type { RegistryConfig } from './registry-config.ts';

/** Home folder in sandboxes on the host base. */
export const SANDBOX_HOME = '/home/agent';

const PROXY = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
];
const CERTIFICATES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'npm_config_cafile',
];
const PLAIN = ['PIP_EXTRA_INDEX_URL', 'PIP_DEFAULT_TIMEOUT'];

/**
 * The complete environment of agents, grading and steps without network: `env` is an image's. A task's own variables win; `$PATH` and `${PATH}` in them stand for the PATH of the base, so that a
 * task can put folders before it.
 */
export function sandboxEnv(
  { path, home = SANDBOX_HOME, env = {} }: { path: string; home?: string; env?: Readonly<Record<string, string>> },
  taskEnv: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const own = Object.entries(taskEnv).map(([name, value]) => [
    name,
    value.replace(/\$(?:PATH\b|\{PATH\})/g, () => path),
  ]);
  return { LANG: 'C.UTF-8', ...env, ...WORKSPACE_ENV, PATH: path, HOME: home, ...Object.fromEntries(own) };
}

export interface NetworkEnv {
  env: Record<string, string>;
  /** Certificate bundles that cannot be seen inside, by the variable that is to name them. */
  certificates: Record<string, string>;
  /** Variables of the host that hold credentials, and are kept back. */
  withheld: string[];
}

/**
 * What steps with network get in addition: proxies, certificates, package registries. `seesHost`: the sandbox stands on the host's own /usr and /etc. None of this may become part of an
 * environment.
 */
export function networkEnv(host: NodeJS.ProcessEnv, registries: RegistryConfig, seesHost: boolean): NetworkEnv {
  const env: Record<string, string> = {};
  const certificates: Record<string, string> = {};
  const withheld: string[] = [];
  for (const name of [...PROXY, ...PLAIN]) {
    const value = host[name];
    if (!value) continue;
    if (/(^|\s|\/)[^/\s]*@/.test(value)) withheld.push(name);
    else env[name] = value;
  }
  for (const name of CERTIFICATES) {
    const value = host[name];
    if (!value?.startsWith('/')) continue;
    // Other folders of the host are masked.
    if (seesHost && /^\/(etc|usr)\//.test(value)) env[name] = value;
    else if (name !== 'SSL_CERT_DIR') certificates[name] = value;
  }
  for (const [name, registry] of [
    ['npm_config_registry', registries.npm],
    ['PIP_INDEX_URL', registries.pypi],
  ] as const) {
    if (registry.authorization === undefined) env[name] = registry.url;
    else withheld.push(name);
  }
  return { env, certificates, withheld };
}
