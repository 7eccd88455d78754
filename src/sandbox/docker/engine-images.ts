/** The images that an engine has or can pull, by name. */
import type { ImageFacts } from '../../contracts/index.ts';
import { EngineClient } from './engine-client.ts';
import { type EngineEndpoint, requireEngine } from './engine-endpoint.ts';
import { type EngineImage, ensureImage, type FindCredentials, inspectImage } from './engine-image.ts';

export interface EngineImagesOptions {
  /** Default: where `docker` and `podman` would look. */
  endpoint?: EngineEndpoint;
  /** For images that the engine has to pull. */
  findCredentials?: FindCredentials;
}

export interface EngineImages {
  /** Undefined when the engine does not have it. */
  find(reference: string): Promise<ImageFacts | undefined>;
  /** Throws `sandbox-create-failed` when the engine cannot get it, `cancelled`. */
  pull(reference: string, signal: AbortSignal, onProgress?: (line: string) => void): Promise<ImageFacts>;
  /** Takes the name away, and the image when it was the last one and no container needs it. */
  remove(reference: string): Promise<void>;
}

/** Nothing is asked of the engine before the first call, which throws `sandbox-unavailable` where none is found. */
export function createEngineImages(options: EngineImagesOptions = {}): EngineImages {
  let engine: EngineClient | undefined;
  const client = () => {
    engine ??= new EngineClient(options.endpoint ?? requireEngine());
    return engine;
  };
  return {
    async find(reference) {
      const image = await inspectImage(client(), reference);
      return image === undefined ? undefined : factsOf(image);
    },
    async pull(reference, signal, onProgress = () => {}) {
      signal.throwIfAborted();
      onProgress(`the engine gets ${reference}`);
      return factsOf(await ensureImage(client(), reference, options.findCredentials));
    },
    async remove(reference) {
      await client().call({ method: 'DELETE', path: `/images/${encodeURI(reference)}`, accept: [404, 409] });
    },
  };
}

function factsOf({ id, env, workdir }: EngineImage): ImageFacts {
  return { digest: id, env, workdir };
}
