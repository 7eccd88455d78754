/**
 * An OCI image on this machine: what a sandbox over it needs to know, with its layers unpacked into the layer store.
 *
 * The form of a layer folder (`assayPaths().layers/<hex of the diff id>`) is the one overlay mounts in a user namespace read (`userxattr`): a deleted name is
 * a character device 0:0, a folder that hides what lies below has the attribute `user.overlay.opaque` = `y`. When Assay is root, owner ids are shifted by
 * `IMAGE_ID_SHIFT`; else all files belong to the user Assay runs as.
 */
import { z } from 'zod';
import { layerRefSchema } from './sandbox.ts';

/** What id 0 of an image is on disk when Assay is root: the first id of the range that sandboxes run as. */
export const IMAGE_ID_SHIFT = 100_000;
/** Ids from here on do not exist in sandboxes; files of such owners belong to nobody (65534). */
export const IMAGE_ID_COUNT = 65_536;

export const localImageSchema = z.object({
  /** `sha256:<hex>` of the image's configuration: equal digests are the same image. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** `name@digest` of the registry it came from, where every pull gives this very image. */
  pin: z.string().optional(),
  /** `linux/amd64`, `linux/arm64/v8` */
  platform: z.string(),
  /** Bottom first; digests are diff ids (of the uncompressed archive). */
  layers: z.array(layerRefSchema),
  env: z.record(z.string(), z.string()),
  /** `/` when the image names none. */
  workdir: z.string(),
  /** `name`, `uid`, `name:group` or `uid:gid` as the image has it; empty: root. */
  user: z.string(),
  /** Not run by Assay unless asked for. */
  entrypoint: z.array(z.string()),
  command: z.array(z.string()),
});
export type LocalImage = z.infer<typeof localImageSchema>;

/** Finds an image, and gets it where it is not there yet. */
export interface ImageStore {
  /**
   * `reference`: `name:tag` or `name@digest` of a registry, `oci:FOLDER[:TAG]`, `docker-archive:FILE[:NAME]`, `docker-daemon:NAME`. Nothing is fetched or unpacked twice, also when
   * many ask at once. Throws `image-not-found`, `image-pull-failed` (retryable), `image-refused` (content that must not be unpacked), `cancelled`.
   */
  pull(reference: string, signal: AbortSignal, onProgress?: (line: string) => void): Promise<LocalImage>;
  /** Without asking anybody; undefined when it was not pulled. `reference` may also be the digest. */
  find(reference: string): Promise<LocalImage | undefined>;
}
