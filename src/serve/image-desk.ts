/** What the server can do with images beyond running them. */
import type { ImageFacts } from '../contracts/index.ts';
import type { ImageListing } from '../environment/oci/look-up-image.ts';

export interface ImageDesk {
  /** Undefined when the image is not on this machine. */
  find(reference: string): Promise<ImageFacts | undefined>;
  /** What its registry says of an image; undefined when it has none. Throws `image-pull-failed`, `image-refused`, `cancelled`. */
  lookUp(name: string, signal: AbortSignal): Promise<ImageListing | undefined>;
  /**
   * Builds a folder with a Dockerfile (a tar archive, gzip or not); gives the image's digest, which the backend runs. Undefined where nothing builds images. Throws
   * `environment-build-failed`, `sandbox-unavailable`; what the signal throws when it aborts.
   */
  readonly build: ((context: Buffer, signal: AbortSignal) => Promise<string>) | undefined;
}
