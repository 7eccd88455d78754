/** Images built by the engine from a folder with a Dockerfile. */
import { createInterface } from 'node:readline';
import { AssayError } from '../../contracts/index.ts';
import { type EngineClient, EngineError } from './engine-client.ts';
import { inspectImage } from './engine-image.ts';

export interface ImageBuild {
  /** The folder as a tar archive, gzip or not. */
  context: Buffer;
  /** The name that keeps the image from being collected. */
  name: string;
  signal: AbortSignal;
}

const LAST_LINES = 20;
/** Until the engine has read the folder and begins to answer. */
const BEGIN_MS = 300_000;

/**
 * Gives the image's id, `sha256:<hex>`. The steps run as root in containers with the engine's default network. Throws `environment-build-failed` with the last
 * lines, `sandbox-unavailable` when the engine cannot be reached; what the signal throws when it aborts.
 */
export async function buildImage(engine: EngineClient, { context, name, signal }: ImageBuild): Promise<string> {
  const lines: string[] = [];
  try {
    const response = await engine.open({
      method: 'POST',
      path: `/build?${new URLSearchParams({ t: name, rm: '1', forcerm: '1' })}`,
      body: context,
      timeoutMs: BEGIN_MS,
      signal,
    });
    for await (const line of createInterface({ input: response })) {
      const { stream = '', error } =
        line.trim() === '' ? {} : (JSON.parse(line) as { stream?: string; error?: string });
      if (error !== undefined) throw new EngineError(500, error);
      if (stream.trim() !== '') lines.push(stream.trim());
      if (lines.length > LAST_LINES) lines.shift();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EngineError) throw buildFailed(`${error.message}\n${lines.join('\n')}`);
    throw error;
  }
  const image = await inspectImage(engine, name);
  if (image === undefined) throw buildFailed(`the engine built it, but does not have it\n${lines.join('\n')}`);
  return image.id;
}

function buildFailed(message: string): AssayError {
  return new AssayError('environment-build-failed', message, { class: 'task', retryable: false });
}
