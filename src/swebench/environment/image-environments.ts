/** The published image of an instance as its environment. */
import { digestOf } from '../../base/digest.ts';
import { AssayError, type ImageFacts } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { TESTBED } from './environment-scripts.ts';
import type { SwebenchEnvironments } from './swebench-environments.ts';

/** For images that say nothing of their own. */
const DEFAULT_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};

/** Where a backend's images come from: the store of the native backend, or an engine. */
export interface ImageSupply {
  /** Undefined when the image is not on this machine. */
  find(reference: string): Promise<ImageFacts | undefined>;
  /** Throws `image-not-found`, `image-pull-failed`, `image-refused`, `sandbox-create-failed`, `cancelled`. */
  pull(reference: string, signal: AbortSignal, onProgress?: (line: string) => void): Promise<ImageFacts>;
  /** Nothing happens when it is not there. */
  remove(reference: string): Promise<void>;
}

/** Pulls what is not there; equal contents are equal environments, whatever their names. */
export function createImageEnvironments(images: ImageSupply): SwebenchEnvironments {
  return {
    async digest(instance) {
      const found = await images.find(imageOf(instance));
      return found === undefined ? undefined : digestOf({ image: found.digest });
    },
    async ensure(instance, signal, onProgress) {
      const started = performance.now();
      const reference = imageOf(instance);
      const found = await images.find(reference);
      const cached = found !== undefined;
      const image = found ?? (await images.pull(reference, signal, onProgress));
      return {
        digest: digestOf({ image: image.digest }),
        base: { kind: 'image', reference },
        layers: [],
        workdir: TESTBED,
        env: { ...DEFAULT_ENV, ...image.env },
        baseCommit: instance.base_commit,
        cached,
        buildMs: cached ? 0 : Math.round(performance.now() - started),
      };
    },
  };
}

function imageOf({ image, instance_id }: SwebenchInstance): string {
  if (image !== undefined) return image;
  throw new AssayError('task-invalid', `${instance_id} names no image`, { class: 'input', retryable: false });
}
