/**
 * The object of which the controller of kubernetes-sigs/agent-sandbox makes a pod: for clusters whose keepers want sandboxes as such, with their quotas, policies and
 * views. The controller gives the pod the name of the object and the labels of its template, so all else is as with plain pods.
 */
import type { PodBody } from './pod-spec.ts';

export const SANDBOX_GROUP = 'agents.x-k8s.io';
const VERSION = 'v1beta1';

export function sandboxObjectsPath(namespace: string): string {
  return `/apis/${SANDBOX_GROUP}/${VERSION}/namespaces/${namespace}/sandboxes`;
}

/** Body of a `POST` there. `nowMs`: of the cluster. After the life of its pod the controller removes it, whatever became of its owner. */
export function sandboxObject(pod: PodBody, nowMs: number): object {
  const { name, labels, annotations, ownerReferences } = pod.metadata;
  const shutdownTime = new Date(nowMs + pod.spec.activeDeadlineSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: `${SANDBOX_GROUP}/${VERSION}`,
    kind: 'Sandbox',
    metadata: { name, labels, ownerReferences },
    spec: {
      podTemplate: { metadata: { labels, annotations }, spec: pod.spec },
      service: false,
      shutdownTime,
      shutdownPolicy: 'Delete',
    },
  };
}
