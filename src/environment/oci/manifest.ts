/** The documents of an image: index, manifest, configuration (OCI image spec 1.1; Docker manifest v2 schema 2 has the same members). */
import { z } from 'zod';
import { sha256 } from '../../base/digest.ts';
import { AssayError } from '../../contracts/index.ts';

const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/);

export const descriptorSchema = z.object({
  mediaType: z.string().default(''),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).nullish(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).nullish(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

const indexSchema = z.object({ manifests: z.array(descriptorSchema) });
const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });
export type Manifest = z.infer<typeof manifestSchema>;

const configSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  created: z.string().nullish(),
  variant: z.string().optional(),
  config: z
    .object({
      Env: z.array(z.string()).nullish(),
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(digestSchema) }),
});
export type ImageConfig = z.infer<typeof configSchema>;

/** What registries are asked for. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** An index or a manifest. Throws `image-refused`. */
export function parseManifest(bytes: Buffer, what: string): { index: Descriptor[] } | { manifest: Manifest } {
  const json = parseJson(bytes, what);
  const manifest = manifestSchema.safeParse(json);
  if (manifest.success) return { manifest: manifest.data };
  const index = indexSchema.safeParse(json);
  if (index.success) return { index: index.data.manifests };
  const old = (json as { schemaVersion?: unknown } | null)?.schemaVersion === 1;
  throw refused(
    what,
    old ? 'it is in the format of 2014 (schema 1), which registries no longer make' : 'it is no manifest',
  );
}

/** Throws `image-refused`. */
export function parseConfig(bytes: Buffer, what: string): ImageConfig {
  const parsed = configSchema.safeParse(parseJson(bytes, what));
  if (!parsed.success) throw refused(what, 'its configuration is not that of an image');
  return parsed.data;
}

/** Throws `image-refused` when bytes are not what their digest says. */
export function demandDigest(bytes: Buffer, digest: string, what: string): void {
  const found = sha256(bytes);
  if (found !== digest) throw refused(what, `its digest is ${found}, not ${digest}`);
}

export function refused(what: string, why: string): AssayError {
  return new AssayError('image-refused', `${what}: ${why}`, { class: 'task', retryable: false });
}

function parseJson(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw refused(what, 'it is not JSON');
  }
}
