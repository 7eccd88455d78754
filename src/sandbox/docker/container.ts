/** One container of the engine: the calls that a sandbox makes about it. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { type EngineClient, EngineError } from './engine-client.ts';

const createdSchema = z.object({ Id: z.string() });
const changesSchema = z.array(z.object({ Path: z.string(), Kind: z.number() })).nullable();
const sizeSchema = z.object({ SizeRw: z.number().optional() });
const statsSchema = z.object({
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: z.number() }),
    throttling_data: z.object({ throttled_time: z.number() }).optional(),
  }),
  memory_stats: z.object({ max_usage: z.number().optional() }).optional(),
});

const REMOVE_TRIES = 20;

export interface ContainerChange {
  /** Absolute; bytes that are no UTF-8 come as U+FFFD. */
  path: string;
  deleted: boolean;
}

interface ArchiveFolder {
  path: string;
  mode: number;
}

interface ArchiveFile extends ArchiveFolder {
  content: Buffer;
}

export class Container {
  readonly id: string;
  private readonly engine: EngineClient;

  private constructor(engine: EngineClient, id: string) {
    this.engine = engine;
    this.id = id;
  }

  /** Creates it, not yet started. */
  static async create(engine: EngineClient, name: string, config: object): Promise<Container> {
    const path = `/containers/create?name=${encodeURIComponent(name)}`;
    const reply = await engine.json({ method: 'POST', path, body: config });
    return new Container(engine, createdSchema.parse(reply).Id);
  }

  /** Its stdin, stdout and stderr as one stream, in the engine's framing. */
  attach(): Promise<Duplex> {
    const query = 'stream=1&stdin=1&stdout=1&stderr=1';
    return this.engine.hijack({ method: 'POST', path: this.path(`attach?${query}`) });
  }

  async start(): Promise<void> {
    await this.engine.call({ method: 'POST', path: this.path('start'), accept: [304] });
  }

  async exists(path: string): Promise<boolean> {
    const archive = this.path(`archive?path=${encodeURIComponent(path)}`);
    const reply = await this.engine.call({ method: 'HEAD', path: archive, accept: [404] });
    return reply.status !== 404;
  }

  /** Puts files and empty folders, owned by root, into it. */
  async put(files: readonly ArchiveFile[], folders: readonly ArchiveFolder[]): Promise<void> {
    const tar = pack();
    for (const { path, mode } of folders) tar.entry({ name: relative(path), type: 'directory', mode });
    for (const file of files) tar.entry({ name: relative(file.path), mode: file.mode }, file.content);
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    await this.engine.call({ method: 'PUT', path: this.path('archive?path=%2F'), body: Buffer.concat(chunks) });
  }

  /** Undefined when the engine fails at it. */
  async changes(): Promise<ContainerChange[] | undefined> {
    const path = this.path('changes');
    const reply = await this.engine.call({ method: 'GET', path, accept: [500], timeoutMs: 600_000 });
    if (reply.status === 500) return undefined;
    const changes = changesSchema.parse(JSON.parse(reply.body.toString())) ?? [];
    return changes.map(({ Path, Kind }) => ({ path: Path, deleted: Kind === 2 }));
  }

  /** Its file state as an image of this name. */
  async commit(repository: string, tag: string): Promise<void> {
    const query = new URLSearchParams({ container: this.id, repo: repository, tag, pause: '1' });
    await this.engine.call({ method: 'POST', path: `/commit?${query}`, body: {}, timeoutMs: 1_800_000 });
  }

  async pause(): Promise<void> {
    await this.engine.call({ method: 'POST', path: this.path('pause') });
  }

  async unpause(): Promise<void> {
    await this.engine.call({ method: 'POST', path: this.path('unpause') });
  }

  /** Bytes in its own writable layer, or null where the engine does not tell. The engine walks all files for this. */
  async writtenBytes(): Promise<number | null> {
    const reply = await this.engine.json({ method: 'GET', path: this.path('json?size=1'), timeoutMs: 600_000 });
    return sizeSchema.parse(reply).SizeRw ?? null;
  }

  /** Processor time and, where the engine measures it (cgroup v1), the largest memory use so far. */
  async stats(): Promise<{ cpuSeconds: number; peakMemoryBytes: number | null; throttledSeconds: number | null }> {
    const reply = statsSchema.parse(
      await this.engine.json({ method: 'GET', path: this.path('stats?stream=0&one-shot=1') }),
    );
    const throttled = reply.cpu_stats.throttling_data?.throttled_time;
    return {
      cpuSeconds: reply.cpu_stats.cpu_usage.total_usage / 1e9,
      peakMemoryBytes: reply.memory_stats?.max_usage ?? null,
      throttledSeconds: throttled === undefined ? null : throttled / 1e9,
    };
  }

  /** Kills and removes it; resolves when it is gone, also when something else removed it. */
  async remove(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const path = `/containers/${this.id}?force=1&v=1`;
        const reply = await this.engine.call({ method: 'DELETE', path, accept: [404, 409], timeoutMs: 120_000 });
        if (reply.status !== 409) return;
        const wait = this.path('wait?condition=removed');
        await this.engine.call({ method: 'POST', path: wait, accept: [404], timeoutMs: 120_000 });
        return;
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        // Podman has other statuses for a container that vanishes, or starts or stops, while it looks.
        if (/no such container/i.test(error.message)) return;
        if (error.status < 500 || tries >= REMOVE_TRIES) throw error;
        await sleep(100);
      }
    }
  }

  private path(rest: string): string {
    return `/containers/${this.id}/${rest}`;
  }
}

function relative(path: string): string {
  return path.replace(/^\/+/, '');
}
