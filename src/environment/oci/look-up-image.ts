/** What a registry says of an image, without fetching its layers. */
import { AssayError } from '../../contracts/index.ts';
import { parseReference } from './image-reference.ts';
import { parseConfig } from './manifest.ts';
import { hostPlatform } from './platform.ts';
import type { RegistryClientOptions } from './registry-client.ts';
import { RegistrySource } from './registry-source.ts';

export interface ImageListing {
  /** Of its configuration, `sha256:<hex>`. */
  digest: string;
  /** Of all layers and the configuration as they travel. */
  bytes: number;
  /** ISO time; null when the image does not say. */
  createdAt: string | null;
}

/** Undefined when the registry has none for this machine. `reference`: a name in a registry. Throws `image-pull-failed`, `image-refused`, `cancelled`. */
export async function lookUpImage(
  reference: string,
  options: RegistryClientOptions,
): Promise<ImageListing | undefined> {
  const source = new RegistrySource(parseReference(reference), '', options); // nothing is downloaded: it needs no folder
  try {
    const { config, layers } = await source.manifest(hostPlatform());
    const { created } = parseConfig(await source.smallBlob(config), source.name);
    const bytes = layers.reduce((sum, { size }) => sum + size, config.size);
    return { digest: config.digest, bytes, createdAt: created ?? null };
  } catch (error) {
    if (error instanceof AssayError && error.code === 'image-not-found') return undefined;
    throw error;
  }
}
