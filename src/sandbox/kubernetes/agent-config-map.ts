/** The agent and its system-call filter in the cluster: a config map that pods mount, so that no image has to be built, pushed or pulled for it. */
import { canonicalJson, sha256 } from '../../base/digest.ts';
import { AssayError } from '../../contracts/index.ts';
import { type AgentArch, agentBinary } from '../docker/agent-binary.ts';
import { seccompFilter } from '../native/seccomp-filter.ts';
import type { ApiClient } from './api-client.ts';
import { LABEL, MANAGER } from './pod-spec.ts';

/** Gives its name, which tells its content. Throws `sandbox-unavailable` when the agent cannot be compiled here. */
export async function ensureAgentConfigMap(
  client: ApiClient,
  { namespace, folder, arch }: { namespace: string; folder: string; arch: AgentArch },
): Promise<string> {
  const files = { agent: await agentBinary(folder, arch), filter: seccompFilter(arch) };
  const name = `assay-agent-${sha256(Buffer.concat([files.agent, files.filter])).slice(7, 23)}`;
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { [LABEL.managedBy]: MANAGER } },
    immutable: true, // nodes need not watch it
    binaryData: { agent: files.agent.toString('base64'), filter: files.filter.toString('base64') },
  };
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const made = await client.call({ method: 'POST', path, body, accept: [409] });
  if (made.status === 409)
    demandSame(name, body.binaryData, (await client.call({ method: 'GET', path: `${path}/${name}` })).body);
  return name;
}

/** Anybody who may write config maps there could have put a program of his own in its place. */
function demandSame(name: string, wanted: object, found: unknown): void {
  const { binaryData } = (found ?? {}) as { binaryData?: object };
  if (canonicalJson(binaryData ?? {}) === canonicalJson(wanted)) return;
  throw new AssayError('sandbox-unavailable', `config map ${name} does not hold the agent of this version of Assay`, {
    class: 'infra',
    retryable: false,
    hint: `Find out who made it, then delete it: \`kubectl delete configmap ${name}\`.`,
  });
}
