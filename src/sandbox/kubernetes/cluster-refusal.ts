/** What a refusal of the API server means for whoever asked. */
import { AssayError } from '../../contracts/index.ts';
import { ApiError } from './api-client.ts';

/** Missing rights, credentials or namespaces stop a run; a wrong object only its own attempt. `what` was refused. */
export function clusterRefusal(what: string, error: ApiError): AssayError {
  const { status, isQuota: quota } = error;
  const stops = !quota && (status === 401 || status === 403 || status === 404);
  return new AssayError(
    stops ? 'sandbox-unavailable' : 'sandbox-create-failed',
    `the cluster refused ${what}: ${error.message}`,
    { class: 'infra', retryable: quota || status >= 500 || status === 429, hint: hintOf(error), cause: error },
  );
}

/** Does the work; what the API server refuses in it comes as `AssayError`. */
export async function refusedAs<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ApiError ? clusterRefusal(what, error) : error;
  }
}

function hintOf(error: ApiError): string {
  if (error.isQuota) return 'Raise the quota of the namespace, or run fewer attempts at once.';
  if (error.status === 401)
    return 'The credentials are wrong or have run out: see `kubectl auth whoami` with the same kubeconfig and context.';
  if (error.status === 404 && /namespaces? /.test(error.message)) {
    return 'Apply deploy/kubernetes/base, which makes the namespace `assay`, and name the namespace in the settings of the cluster.';
  }
  return 'deploy/kubernetes holds the namespace and the rights that Assay needs; docs/kubernetes.md lists the settings.';
}
