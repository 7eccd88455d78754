/** Layers as images of the engine: one image for each chain of base and layers that was snapshot, named by the chain. */
import { z } from 'zod';
import { digestOf } from '../../base/digest.ts';
import { AssayError, type LayerRef } from '../../contracts/index.ts';
import type { EngineClient } from './engine-client.ts';

/** Labels would be the natural place for what a layer is, but not every engine sets them on what it commits. */
const REPOSITORY = 'assay.local/layers';

const imagesSchema = z.array(z.object({ Id: z.string() })).nullable();

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
  return { repository: `${REPOSITORY}/${hex(digests.at(-1) ?? base)}`, tag: hex(digestOf({ base, layers: digests })) };
}

/** The image to start from. Throws `sandbox-create-failed` when this engine has no such chain. */
export async function chainImage(engine: EngineClient, base: string, layers: readonly LayerRef[]): Promise<string> {
  if (layers.length === 0) return base;
  const name = chainName(base, layers);
  if (await hasImage(engine, name)) return `${name.repository}:${name.tag}`;
  throw new AssayError('sandbox-create-failed', 'the engine has no image of these layers over this base', {
    class: 'infra',
    retryable: false,
    hint: 'Layers made by another backend or engine cannot be used here: build the environment with this one.',
    details: { base, layers },
  });
}

export async function hasImage(engine: EngineClient, { repository, tag }: ChainName): Promise<boolean> {
  const path = `/images/${encodeURI(`${repository}:${tag}`)}/json`;
  return (await engine.call({ method: 'GET', path, accept: [404] })).status !== 404;
}

/** True when some chain on this engine ends with the layer. */
export async function hasLayerImage(engine: EngineClient, layer: LayerRef): Promise<boolean> {
  const filters = encodeURIComponent(JSON.stringify({ reference: [`${chainName('', [layer]).repository}:*`] }));
  const images = imagesSchema.parse(await engine.json({ method: 'GET', path: `/images/json?filters=${filters}` }));
  return (images ?? []).length > 0;
}
