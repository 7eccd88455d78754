import { type EngineClient, EngineError } from './engine-client.ts';

/** Removes a name of an image, and the image with its last one. */
export async function removeTag(engine: EngineClient, tag: string): Promise<'removed' | 'absent' | 'in-use'> {
  try {
    const reply = await engine.call({ method: 'DELETE', path: `/images/${encodeURI(tag)}`, accept: [404, 409] });
    if (reply.status === 404) return 'absent';
    return reply.status === 200 ? 'removed' : 'in-use';
  } catch (error) {
    if (error instanceof EngineError && /in use/i.test(error.message)) return 'in-use';
    throw error;
  }
}
