import type { SandboxBackend } from '../../src/contracts/index.ts';
import type { ClusterAccess } from '../../src/sandbox/kubernetes/cluster-access.ts';
import type { KubernetesSettings } from '../../src/sandbox/kubernetes/kubernetes-settings.ts';

/** A backend on the lab cluster, closed after the test. */
export type LabBackend = (changed?: Partial<KubernetesSettings>, access?: ClusterAccess) => SandboxBackend;
