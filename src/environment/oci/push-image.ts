/** An exported image into a registry. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import { isDigest, parseReference, type RegistryReference } from './image-reference.ts';
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts';
import { registryHosts } from './registry-hosts.ts';

const blobSchema = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const indexSchema = z.object({ manifests: z.array(blobSchema) });
const manifestSchema = z.object({ config: blobSchema, layers: z.array(blobSchema) });

/**
 * Uploads the one image of an OCI layout folder under `reference` (`HOST/PATH:TAG`); what the registry has already is not sent. Never to a mirror. Throws
 * `image-push-failed`, `usage` for a name that is no tag, `cancelled`.
 */
export async function pushImage(layout: string, reference: string, options: RegistryClientOptions): Promise<void> {
  const { registry, repository, version } = demandPushName(reference);
  const host = (await registryHosts(registry)).at(-1); // mirrors come before it
  if (host === undefined) throw badName(reference);
  const client = new RegistryClient(host, options);
  const file = (digest: string) => join(layout, 'blobs', 'sha256', digest.slice('sha256:'.length));
  const index = indexSchema.parse(JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')));
  try {
    for (const top of index.manifests) {
      const bytes = await readFile(file(top.digest));
      const { config, layers } = manifestSchema.parse(JSON.parse(bytes.toString()));
      for (const [i, blob] of [...layers, config].entries()) {
        await client.upload(repository, blob, () => createReadStream(file(blob.digest)));
        options.onProgress?.(`${i + 1}/${layers.length + 1} blobs are in the registry`);
      }
      await client.putManifest(repository, version, top.mediaType, bytes);
    }
  } catch (error) {
    if (!(error instanceof AssayError) || error.code === 'cancelled') throw error;
    throw new AssayError('image-push-failed', error.message, {
      class: error.failureClass,
      retryable: error.retryable,
      hint: 'Check the name, and `docker login`: pushing needs the right to write. What has arrived is not sent again.',
      cause: error,
    });
  }
}

/** Before anything is packed. Throws `usage` for a name that is no tag, `image-not-found` for what is no name. */
export function demandPushName(reference: string): RegistryReference {
  const parsed = parseReference(reference);
  if (isDigest(parsed.version)) throw badName(reference);
  return parsed;
}

function badName(reference: string): AssayError {
  return new AssayError('usage', `${reference} is no name to push to`, {
    class: 'input',
    retryable: false,
    hint: 'Name it like registry.example/team/image:tag.',
  });
}
