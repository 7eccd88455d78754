/** The sandbox backends by name. Each is loaded only when it is asked for: most commands need one, and some of them bring much code. */
import { randomUUID } from 'node:crypto';
import type { AssayPaths } from '../base/paths.ts';
import { AssayError, type ImageStore, type SandboxBackend } from '../contracts/index.ts';
import { dropFromStore } from '../environment/drop-from-store.ts';
import { findCredentials } from '../environment/oci/docker-credentials.ts';
import { parseReference } from '../environment/oci/image-reference.ts';
import { lookUpImage } from '../environment/oci/look-up-image.ts';
import { type HostBase, hostBase } from '../sandbox/host-base.ts';
import { layersInUse } from '../sandbox/native/sandbox-records.ts';
import type { ImageDesk } from '../serve/image-desk.ts';
import type { ImageSupply } from '../swebench/environment/image-environments.ts';
import type { SandboxChoice } from './sandbox-flags.ts';

export interface Sandboxes {
  backend: SandboxBackend;
  /** Of the backend: where its images come from. */
  imageSupply: ImageSupply;
  /** Of the machine that the sandboxes are on. */
  hostBase: () => Promise<HostBase>;
}

/** Nothing is tried yet: `backend.probe` tells whether it works here. Throws `usage` for a remote server that no variable names. */
export async function openSandboxes(
  { sandbox, tier }: SandboxChoice,
  paths: AssayPaths,
  images: ImageStore,
): Promise<Sandboxes> {
  if (sandbox === 'remote') return openRemote(process.env);
  if (sandbox === 'docker') return openDocker(paths);
  if (sandbox === 'kubernetes') return openKubernetes(paths);
  const { createNativeBackend, NATIVE_TIERS } = await import('../sandbox/native/native-backend.ts');
  const known = NATIVE_TIERS.find((one) => one === tier);
  const backend = createNativeBackend({ paths, images, ...(known === undefined ? {} : { tier: known }) });
  return { backend, imageSupply: storedImages(images, paths), hostBase };
}

/** Of a server: registries are asked by Assay itself, images are built where there is an engine to build them. */
export function openImageDesk({ sandbox }: SandboxChoice, imageSupply: ImageSupply): ImageDesk {
  return {
    find: (reference) => imageSupply.find(reference),
    lookUp: (name, signal) => lookUpImage(name, { signal }),
    build: sandbox === 'docker' ? buildInEngine : undefined,
  };
}

async function openDocker(paths: AssayPaths): Promise<Sandboxes> {
  const { createDockerBackend } = await import('../sandbox/docker/docker-backend.ts');
  const { createEngineImages } = await import('../sandbox/docker/engine-images.ts');
  const backend = createDockerBackend({ paths, findCredentials: engineCredentials });
  return { backend, imageSupply: createEngineImages({ findCredentials: engineCredentials }), hostBase };
}

async function openKubernetes(paths: AssayPaths): Promise<Sandboxes> {
  const { createKubernetesBackend } = await import('../sandbox/kubernetes/kubernetes-backend.ts');
  const { createClusterImages } = await import('../sandbox/kubernetes/cluster-image-supply.ts');
  const backend = createKubernetesBackend({ paths });
  return { backend, imageSupply: createClusterImages(backend, paths), hostBase };
}

async function openRemote({ ASSAY_SERVER: url, ASSAY_SERVER_KEY: apiKey }: NodeJS.ProcessEnv): Promise<Sandboxes> {
  if (!url || !apiKey || !URL.canParse(url))
    throw new AssayError('usage', '--sandbox remote needs ASSAY_SERVER (a URL) and ASSAY_SERVER_KEY', {
      class: 'input',
      retryable: false,
      hint: '`assay serve` prints its URL, `assay keys add NAME` there makes a key.',
    });
  const { createRemoteBackend } = await import('../sandbox/remote/remote-backend.ts');
  const backend = createRemoteBackend({ url, apiKey });
  const imageSupply: ImageSupply = {
    find: (reference) => backend.findImage(reference),
    pull: (reference, signal) => backend.describeImage(reference, signal),
    remove: async () => {}, // other clients use it; what the server keeps is its operator's to say
  };
  return { backend, imageSupply, hostBase: () => backend.hostBase() };
}

function storedImages(images: ImageStore, paths: AssayPaths): ImageSupply {
  return {
    find: (reference) => images.find(reference),
    pull: (reference, signal, onProgress) => images.pull(reference, signal, onProgress),
    async remove(reference) {
      const image = await images.find(reference);
      if (image !== undefined) await dropFromStore(paths, { images: [image.digest] }, await layersInUse(paths));
    },
  };
}

/** Names of built images at the engine: with them it keeps what was built here. */
const BUILT_IMAGES = 'assay.local/built';

async function buildInEngine(context: Buffer, signal: AbortSignal) {
  const { buildImage } = await import('../sandbox/docker/build-image.ts');
  const { EngineClient } = await import('../sandbox/docker/engine-client.ts');
  const { requireEngine } = await import('../sandbox/docker/engine-endpoint.ts');
  return buildImage(new EngineClient(requireEngine()), { context, name: `${BUILT_IMAGES}:${randomUUID()}`, signal });
}

function engineCredentials(reference: string) {
  return findCredentials(parseReference(reference).registry);
}
