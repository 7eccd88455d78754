/** Where the API server is and how this user proves who he is, from a kubeconfig or the account of the pod this process runs in. */
import { Agent, type RequestOptions } from 'node:https';
import { AssayError } from '../../contracts/index.ts';

export interface ClusterAccess {
  server: URL;
  /** Of the context. */
  namespace: string;
  /** Certificates, headers and connections for one request. Credentials are renewed where they end. */
  options(): Promise<RequestOptions>;
  /** The API server refused the credentials: read them anew. */
  forget(): void;
}

/** Files of credentials are read again after this time. */
const KEEP_MS = 60_000;

/** Throws `sandbox-unavailable` when no cluster is configured. */
export async function openClusterAccess(choice: { kubeconfig?: string; context?: string }): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node'); // heavy: only who uses a cluster loads it
  const config = new KubeConfig();
  try {
    if (choice.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(choice.kubeconfig);
    if (choice.context !== undefined) config.setCurrentContext(choice.context);
  } catch (error) {
    throw notConfigured((error as Error).message, error);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw notConfigured('no cluster is configured');
  const context = config.getContextObject(config.getCurrentContext());
  let kept: { options: RequestOptions; until: number } | undefined;
  return {
    server: new URL(cluster.server),
    namespace: context?.namespace ?? 'default',
    async options() {
      if (kept !== undefined && kept.until > Date.now()) return kept.options;
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const viaProxy = cluster.proxyUrl !== undefined;
      kept = { options: viaProxy ? options : withOwnAgent(options), until: Date.now() + KEEP_MS };
      return kept.options;
    },
    forget() {
      kept = undefined;
    },
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
