/** Does for the objects of kubernetes-sigs/agent-sandbox what its controller does first of all: a pod of the same name for each, again and again when it is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../../src/sandbox/kubernetes/api-client.ts';
import { sandboxObjectsPath } from '../../src/sandbox/kubernetes/sandbox-object.ts';
import { LAB_NAMESPACE, LAB_PODS, labClient } from './lab-cluster.ts';

const LOOK_MS = 200;
const OBJECTS = sandboxObjectsPath(LAB_NAMESPACE);

const objectsSchema = z.object({
  items: z.array(
    z.object({
      apiVersion: z.string().optional(),
      metadata: z.object({ name: z.string(), uid: z.string(), deletionTimestamp: z.string().optional() }),
      spec: z.object({ podTemplate: z.object({ metadata: z.record(z.string(), z.unknown()), spec: z.unknown() }) }),
    }),
  ),
});
type SandboxObject = z.infer<typeof objectsSchema>['items'][number];

/** Names of all objects that are there. */
export async function sandboxObjectNames(): Promise<string[]> {
  return (await listObjects(await labClient())).map(({ metadata }) => metadata.name);
}

/** Works until the returned function is called. */
export async function startSandboxController(): Promise<() => Promise<void>> {
  const client = await labClient();
  let stopped = false;
  const working = (async () => {
    while (!stopped) {
      for (const object of await listObjects(client)) {
        if (object.metadata.deletionTimestamp === undefined) await makePod(client, object);
      }
      await sleep(LOOK_MS);
    }
  })();
  return async () => {
    stopped = true;
    await working;
  };
}

async function listObjects(client: ApiClient): Promise<SandboxObject[]> {
  return objectsSchema.parse((await client.call({ method: 'GET', path: OBJECTS })).body).items;
}

async function makePod(client: ApiClient, { metadata: { name, uid }, spec }: SandboxObject): Promise<void> {
  const owner = { apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox', name, uid };
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...spec.podTemplate.metadata,
      name,
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: spec.podTemplate.spec,
  };
  await client.call({ method: 'POST', path: LAB_PODS, body, accept: [409] });
}
