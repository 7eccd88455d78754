/** Images as a cluster knows them: what is asked of a pod that runs one, kept by digest. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { sha256 } from '../../base/digest.ts';
import type { AssayPaths } from '../../base/paths.ts';
import { readRecord } from '../../base/read-record.ts';
import { AssayError, type ImageFacts } from '../../contracts/index.ts';

const recordSchema = z.object({
  digest: z.string(),
  /** As a node can pull it: with its digest, or by its name where nodes have it from elsewhere than a registry. */
  reference: z.string(),
  env: z.record(z.string(), z.string()),
  workdir: z.string(),
});
export type ClusterImage = z.infer<typeof recordSchema>;

export class ClusterImages {
  private readonly folder: string;

  constructor(paths: AssayPaths) {
    this.folder = join(paths.home, 'kubernetes', 'images');
  }

  /** `asked`: the name by which it was looked up. */
  async keep(asked: string, image: ClusterImage): Promise<void> {
    await writeFileAtomic(this.path(image.digest), JSON.stringify(image));
    await writeFileAtomic(this.path(sha256(asked)), JSON.stringify(image));
  }

  /** As it was when it was last looked up by this name. */
  async find(asked: string): Promise<ImageFacts | undefined> {
    const record = await readRecord(this.path(sha256(asked)), recordSchema);
    return record === null ? undefined : { digest: record.digest, env: record.env, workdir: record.workdir };
  }

  async forget(asked: string): Promise<void> {
    await rm(this.path(sha256(asked)), { force: true });
  }

  /** What pods are to name. Throws `image-not-found` for a digest that was never described here. */
  async pullable(reference: string): Promise<string> {
    if (!reference.startsWith('sha256:')) return reference;
    const record = await readRecord(this.path(reference), recordSchema);
    if (record !== null) return record.reference;
    throw new AssayError('image-not-found', `this machine does not know which image ${reference} is`, {
      class: 'input',
      retryable: false,
      hint: 'Build the environment again with this backend, so that its image is looked up.',
    });
  }

  private path(digest: string): string {
    return join(this.folder, `${digest.slice('sha256:'.length)}.json`);
  }
}

/** `imageId`: of the container's status. */
export function digestOfImage(imageId: string): string | undefined {
  return /sha256:[0-9a-f]{64}$/.exec(imageId)?.[0];
}

/** Pulled images have the name of their registry before the digest. */
export function pinnedReference(asked: string, imageId: string): string {
  const name = imageId.replace(/^[a-z-]+:\/\//, '');
  return name.includes('@') ? name : asked;
}

/** Set by the cluster or the container runtime in every container, and none of the image's words. */
const FOREIGN = /^(KUBERNETES_|HOSTNAME$)/;

/** From what `agent describe` prints: variables and the working directory. */
export function parseDescription(output: string): Pick<ImageFacts, 'env' | 'workdir'> {
  const words = output.split('\0').slice(0, -1);
  const workdir = words.pop() ?? '/';
  const pairs = words.map((word): [string, string] => {
    const at = word.indexOf('=');
    return [word.slice(0, at), word.slice(at + 1)];
  });
  return { env: Object.fromEntries(pairs.filter(([name]) => name !== '' && !FOREIGN.test(name))), workdir };
}
