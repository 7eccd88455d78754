/** Layers as images of the engine: one image for each chain of base and layers that was snapshot, named by the chain. */
import { z } from 'zod';
import { digestOf } from '../../base/digest.ts';
import { AssayError, type LayerRef } from '../../contracts/index.ts';
import type { EngineClient } from './engine-client.ts';
import { type EngineImage, inspectImage } from './engine-image.ts';
import { removeTag } from './remove-tag.ts';

/** Labels would be the natural place for what a layer is, but not every engine sets them on what it commits. */
export const LAYER_REPOSITORY = 'assay.local/layers';

const imagesSchema = z.array(z.object({ RepoTags: z.array(z.string()).nullish() })).nullable();

export interface ChainName {
  /** Of the topmost layer. */
  repository: string;
  /** Of base and all layers. */
  tag: string;
}

/** Name of the image that holds base and layers, bottom first. `base` is the id of the base image. */
export function chainName(base: string, layers: readonly LayerRef[]): ChainName {
  const hex = (digest: string) => digest.slice('sha256:'.length);
  const digests = layers.map((layer) => layer.digest);
  return {
    repository: `${LAYER_REPOSITORY}/${hex(digests.at(-1) ?? base)}`,
    tag: hex(digestOf({ base, layers: digests })),
  };
}

/** The image to start from. Throws `sandbox-create-failed` when this engine has no such chain. */
export async function chainImage(
  engine: EngineClient,
  base: EngineImage,
  layers: readonly LayerRef[],
): Promise<EngineImage> {
  if (layers.length === 0) return base;
  const { repository, tag } = chainName(base.id, layers);
  const image = await inspectImage(engine, `${repository}:${tag}`);
  if (image !== undefined) return { ...image, asRoot: base.asRoot };
  throw new AssayError('sandbox-create-failed', 'the engine has no image of these layers over this base', {
    class: 'infra',
    retryable: false,
    hint: 'Layers made by another backend or engine cannot be used here: build the environment with this one.',
    details: { base: base.id, layers },
  });
}

/** True when some chain on this engine ends with the layer. */
export async function hasLayerImage(engine: EngineClient, layer: LayerRef): Promise<boolean> {
  return (await chainsEndingWith(engine, layer)).length > 0;
}

/** True when no chain on this engine ends with the layer any more; false while a container stands on one. */
export async function removeLayerImages(engine: EngineClient, layer: LayerRef): Promise<boolean> {
  const { repository } = chainName('', [layer]);
  const tags = (await chainsEndingWith(engine, layer)).flatMap(({ RepoTags }) => RepoTags ?? []);
  const removed = tags.filter((tag) => tag.startsWith(`${repository}:`)).map((tag) => removeTag(engine, tag));
  return (await Promise.all(removed)).every((one) => one !== 'in-use');
}

async function chainsEndingWith(engine: EngineClient, layer: LayerRef) {
  const filters = encodeURIComponent(JSON.stringify({ reference: [`${chainName('', [layer]).repository}:*`] }));
  return imagesSchema.parse(await engine.json({ method: 'GET', path: `/images/json?filters=${filters}` })) ?? [];
}
