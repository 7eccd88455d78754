/** The images that nodes of a cluster can run, by name: looked up with a pod, remembered on this machine. */
import type { AssayPaths } from '../../base/paths.ts';
import type { ImageFacts, SandboxBackend } from '../../contracts/index.ts';
import { ClusterImages } from './cluster-images.ts';

export interface ClusterImageSupply {
  /** As it was when it was last looked up; undefined when it never was. */
  find(reference: string): Promise<ImageFacts | undefined>;
  /** Throws as `SandboxBackend.describeImage` does. */
  pull(reference: string, signal: AbortSignal, onProgress?: (line: string) => void): Promise<ImageFacts>;
  /** Forgets what was looked up. The nodes remove images by themselves. */
  remove(reference: string): Promise<void>;
}

export function createClusterImages(backend: SandboxBackend, paths: AssayPaths): ClusterImageSupply {
  const images = new ClusterImages(paths);
  return {
    find: (reference) => images.find(reference),
    pull(reference, signal, onProgress = () => {}) {
      onProgress(`a node gets ${reference}`);
      return backend.describeImage(reference, signal);
    },
    remove: (reference) => images.forget(reference),
  };
}
