/** Where the API server is and how this user proves who he is, from a kubeconfig or the account of the pod this process runs in. */
import { Agent, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { AssayError } from '../../contracts/index.ts';

export interface ClusterAccess {
  server: URL;
  /** Of the context. */
  namespace: string;
  /** Certificates, headers and connections for one request. Throws `sandbox-unavailable` when the credentials cannot be had. */
  options(): Promise<RequestOptions>;
  /** The API server refused the credentials: read them anew, with the file they stand in. */
  forget(): void;
}

export interface ClusterChoice {
  kubeconfig?: string;
  context?: string;
}

/** Files of credentials, and programs that make them, are asked again after this time. */
const KEEP_MS = 60_000;
/** What the library believes in where nothing is configured. */
const NOTHING_FOUND = 'http://localhost:8080';

/** Throws `sandbox-unavailable` when no cluster is configured. */
export async function openClusterAccess(choice: ClusterChoice): Promise<ClusterAccess> {
  let config = await loadConfig(choice);
  const { server, namespace, viaProxy } = clusterOf(config, choice);
  let kept: { options: Promise<RequestOptions>; until: number } | undefined;
  let stale = false;

  const read = async (): Promise<RequestOptions> => {
    if (stale) config = await loadConfig(choice); // its own memory of tokens goes with it
    stale = false;
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options).catch((error: unknown) => {
      throw noCredentials(error as Error);
    });
    return viaProxy ? options : withOwnAgent(options);
  };

  return {
    server,
    namespace,
    options() {
      if (kept !== undefined && kept.until > Date.now()) return kept.options;
      const options = read();
      const own = { options, until: Date.now() + KEEP_MS };
      kept = own; // kept as a promise: many requests at once must not start as many programs
      options.catch(() => {
        if (kept === own) kept = undefined;
      });
      return options;
    },
    forget() {
      kept = undefined;
      stale = true;
    },
  };
}

async function loadConfig({ kubeconfig, context }: ClusterChoice): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node'); // heavy: only who uses a cluster loads it
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw notConfigured((error as Error).message, error);
  }
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

function clusterOf(config: KubeConfig, choice: ClusterChoice) {
  const name = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const names = config.getContexts().map((one) => one.name);
    const known = names.length === 0 ? 'none' : names.join(', ');
    throw notConfigured(
      name ? `there is no context ${name}; there is: ${known}` : `no context is chosen; there is: ${known}`,
    );
  }
  if (choice.kubeconfig === undefined && cluster.server === NOTHING_FOUND) {
    throw notConfigured('there is neither KUBECONFIG nor ~/.kube/config, and this is no pod with an account');
  }
  if (!URL.canParse(cluster.server)) throw notConfigured(`${cluster.server} is not the address of an API server`);
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(name)?.namespace ?? 'default',
    viaProxy: cluster.proxyUrl !== undefined,
  };
}

/** The library's agents open a connection per request. */
function withOwnAgent(options: RequestOptions): RequestOptions {
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  return { ...options, agent: new Agent({ ...given, keepAlive: true, maxSockets: 32 }) };
}

function notConfigured(problem: string, cause?: unknown): AssayError {
  return new AssayError('sandbox-unavailable', `no Kubernetes cluster can be used: ${problem}`, {
    class: 'infra',
    retryable: false,
    hint: 'Set KUBECONFIG, or `kubeconfig` and `context` in the file that ASSAY_KUBERNETES names.',
    cause,
  });
}

function noCredentials(cause: Error): AssayError {
  const [problem = ''] = cause.message.trim().split('\n').slice(-1);
  return new AssayError('sandbox-unavailable', `the credentials for the cluster cannot be had: ${problem}`, {
    class: 'infra',
    retryable: false,
    hint: 'Log in again, and see that `kubectl auth whoami` works with the same kubeconfig and context.',
    cause,
  });
}
