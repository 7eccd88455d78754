/** Builds layers one on top of the other, each once per key: in this process, and over all processes of the machine. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { withFileLock } from '../base/file-lock.ts';
import { layerRefSchema, type Sandbox, type SandboxBackend, type SandboxSpec } from '../contracts/index.ts';

const recordSchema = z.object({
  key: z.string(),
  name: z.string(),
  layer: layerRefSchema,
  output: z.string(),
  builtAt: z.string(),
  durationMs: z.number(),
});
/** What is known of a built layer. `output`: what the build printed last, such as the base commit. */
export type LayerRecord = z.infer<typeof recordSchema>;

export interface LayerStep {
  key: string;
  name: string;
  spec: SandboxSpec;
  /** Works in the fresh sandbox; the state it leaves becomes the layer. Its result is kept in the record. */
  build(sandbox: Sandbox, log: (text: string) => void): Promise<string>;
}

export class LayerChain {
  private readonly backend: SandboxBackend;
  private readonly folder: string;
  private readonly underWay = new Map<string, Promise<{ record: LayerRecord; cached: boolean }>>();

  /** `folder`: records and build logs. */
  constructor(backend: SandboxBackend, folder: string) {
    this.backend = backend;
    this.folder = folder;
  }

  /** Path of a step's build log. */
  logPath(key: string): string {
    return join(this.folder, `${key.slice('sha256:'.length)}.log`);
  }

  /** The layer of the step; built when it is not there. A failed or killed build leaves nothing that would be used. */
  ensure(step: LayerStep, signal: AbortSignal): Promise<{ record: LayerRecord; cached: boolean }> {
    const known = this.underWay.get(step.key);
    if (known !== undefined) return known;
    const work = this.findOrBuild(step, signal).finally(() => this.underWay.delete(step.key));
    this.underWay.set(step.key, work);
    return work;
  }

  private async findOrBuild(step: LayerStep, signal: AbortSignal): Promise<{ record: LayerRecord; cached: boolean }> {
    const found = await this.find(step.key);
    if (found !== undefined) return { record: found, cached: true };
    await mkdir(this.folder, { recursive: true });
    return withFileLock(join(this.folder, `${step.key.slice('sha256:'.length)}.lock`), signal, async () => {
      const meanwhile = await this.find(step.key);
      if (meanwhile !== undefined) return { record: meanwhile, cached: true };
      return { record: await this.build(step), cached: false };
    });
  }

  private async find(key: string): Promise<LayerRecord | undefined> {
    const text = await readFile(this.recordPath(key), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const record = recordSchema.parse(JSON.parse(text));
    return (await this.backend.hasLayer(record.layer)) ? record : undefined;
  }

  private async build(step: LayerStep): Promise<LayerRecord> {
    const started = performance.now();
    const log: string[] = [];
    const sandbox = await this.backend.create(step.spec);
    try {
      const output = await step.build(sandbox, (text) => log.push(text));
      const layer = await sandbox.snapshot();
      const record: LayerRecord = {
        key: step.key,
        name: step.name,
        layer,
        output,
        builtAt: new Date().toISOString(),
        durationMs: performance.now() - started,
      };
      await writeFileAtomic(this.recordPath(step.key), JSON.stringify(record));
      return record;
    } finally {
      await sandbox.destroy();
      await writeFileAtomic(this.logPath(step.key), log.join(''));
    }
  }

  private recordPath(key: string): string {
    return join(this.folder, `${key.slice('sha256:'.length)}.json`);
  }
}
