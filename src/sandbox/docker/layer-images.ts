/** Layers as images of the engine: one image for each chain of base and layers that was snapshot, named by the chain. */
import { z } from 'zod';
import { digestOf } from '../../base/digest.ts';
import { AssayError, type LayerRef } from '../../contracts/index.ts';
import { LABEL } from './container-config.ts';
import type { EngineClient } from './engine-client.ts';

export const LAYER_REPOSITORY = 'assay.local/layers';

const imagesSchema = z.array(z.object({ Id: z.string() })).nullable();

/** Tag of the image that holds base and layers, bottom first. `base` is the id of the base image. */
export function chainTag(base: string, layers: readonly LayerRef[]): string {
  return digestOf({ base, layers: layers.map((layer) => layer.digest) }).slice('sha256:'.length);
}

/** The image to start from. Throws `sandbox-create-failed` when this engine has no such chain. */
export async function chainImage(engine: EngineClient, base: string, layers: readonly LayerRef[]): Promise<string> {
  if (layers.length === 0) return base;
  const name = `${LAYER_REPOSITORY}:${chainTag(base, layers)}`;
  if (await hasImage(engine, name)) return name;
  throw new AssayError('sandbox-create-failed', 'the engine has no image of these layers over this base', {
    class: 'infra',
    retryable: false,
    hint: 'Layers made by another backend or engine cannot be used here: build the environment with this one.',
    details: { base, layers },
  });
}

export async function hasImage(engine: EngineClient, name: string): Promise<boolean> {
  const reply = await engine.call({ method: 'GET', path: `/images/${encodeURI(name)}/json`, accept: [404] });
  return reply.status !== 404;
}

/** True when some chain on this engine ends with the layer. */
export async function hasLayerImage(engine: EngineClient, layer: LayerRef): Promise<boolean> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${LABEL.layer}=${layer.digest}`] }));
  const images = imagesSchema.parse(await engine.json({ method: 'GET', path: `/images/json?filters=${filters}` }));
  return (images ?? []).length > 0;
}
