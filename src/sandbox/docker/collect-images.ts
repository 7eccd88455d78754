/** Removes images that Assay made on an engine and that are old: both kinds are made again when they are needed. */
import { z } from 'zod';
import type { EngineClient } from './engine-client.ts';
import { LAYER_REPOSITORY } from './layer-images.ts';
import { PREPARED_REPOSITORY } from './prepared-image.ts';
import { removeTag } from './remove-tag.ts';

const DAY_SECONDS = 86_400;
/** A prepared image costs a third of a second, a layer a build. The engine does not tell when an image was last used. */
const KEEP_SECONDS = { [PREPARED_REPOSITORY]: 7 * DAY_SECONDS, [LAYER_REPOSITORY]: 30 * DAY_SECONDS };

const listSchema = z
  .array(z.object({ Created: z.number(), RepoTags: z.array(z.string()).nullish(), Size: z.number() }))
  .nullable();

/** Bytes that the removed images stood for, parts that they shared with others included. Images of running containers stay. */
export async function collectImages(engine: EngineClient, nowSeconds = Date.now() / 1000): Promise<number> {
  let bytes = 0;
  for (const image of listSchema.parse(await engine.json({ method: 'GET', path: '/images/json' })) ?? []) {
    const tags = (image.RepoTags ?? []).filter((tag) => isOld(tag, nowSeconds - image.Created));
    for (const tag of tags) if ((await removeTag(engine, tag)) === 'removed') bytes += image.Size;
  }
  return bytes;
}

function isOld(tag: string, ageSeconds: number): boolean {
  return Object.entries(KEEP_SECONDS).some(
    ([repository, keep]) => (tag.startsWith(`${repository}:`) || tag.startsWith(`${repository}/`)) && ageSeconds > keep,
  );
}
