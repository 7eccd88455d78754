/**
 * One watch over all pods of an owner: whoever waits for a pod is told of each change, none is asked for by polling. A watch that ends goes on where it was; when
 * the server has forgotten that place, all pods are listed anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-client.ts';
import { type PodView, podListSchema, podSchema } from './pod-view.ts';

export interface PodListener {
  /** Undefined: the pod is gone. */
  changed(pod: PodView | undefined): void;
  /** The cluster does not let this user see pods. It is asked again all the same. */
  refused(error: ApiError): void;
}

export interface PodWatchOptions {
  client: ApiClient;
  namespace: string;
  labelSelector: string;
}

/** The server ends a watch by itself after this time. */
const WATCH_SECONDS = 240;
/** Bookmarks, that keep its place, come about every minute: a line that is silent for longer than this leads to nobody any more. */
const SILENT_MS = 100_000;
const MAX_WAIT_MS = 10_000;
const GONE = 410;
const REFUSALS: readonly number[] = [401, 403, 404];

export class PodWatch {
  private readonly options: PodWatchOptions;
  private readonly listeners = new Map<string, PodListener>();
  /** Pods that the cluster has told of; only of these an absence means an end. */
  private readonly seen = new Map<string, PodView>();
  private readonly stop = new AbortController();
  private place: string | undefined;
  private running: Promise<void> | undefined;

  constructor(options: PodWatchOptions) {
    this.options = options;
  }

  /** Calls the listener with what is known now, and with each change, until the returned function is called. */
  observe(name: string, listener: PodListener): () => void {
    this.listeners.set(name, listener);
    this.running ??= this.watchOn();
    const known = this.seen.get(name);
    if (known !== undefined) listener.changed(known);
    return () => {
      this.listeners.delete(name);
    };
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async watchOn(): Promise<void> {
    let waitMs = 100;
    while (!this.stop.signal.aborted) {
      try {
        this.place ??= await this.listAll();
        await this.watchFrom(this.place);
        waitMs = 100;
      } catch (error) {
        if (this.stop.signal.aborted) return;
        if (isGone(error) || isRefusal(error)) this.place = undefined;
        if (!isGone(error)) waitMs = Math.min(2 * waitMs, MAX_WAIT_MS); // the server is away: sandboxes go on, and so does the watch when it is back
      }
      await sleep(waitMs, undefined, { ref: false, signal: this.stop.signal }).catch(() => {});
    }
  }

  private fail(error: unknown): never {
    if (isRefusal(error)) for (const listener of this.listeners.values()) listener.refused(error);
    throw error;
  }

  /** Gives the place in the cluster's history from which to watch on. */
  private async listAll(): Promise<string> {
    const reply = await this.options.client
      .call({ ...this.query({}), signal: this.stop.signal })
      .catch((error: unknown) => this.fail(error));
    const list = podListSchema.parse(reply.body);
    const items = list.items ?? [];
    const names = new Set(items.map(({ metadata }) => metadata.name));
    for (const name of [...this.seen.keys()]) if (!names.has(name)) this.tell(name, undefined);
    for (const pod of items) this.tell(pod.metadata.name, pod);
    return list.metadata.resourceVersion;
  }

  private async watchFrom(place: string): Promise<void> {
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_SECONDS),
      resourceVersion: place,
    };
    const response = await this.options.client.open({ ...this.query(query), signal: this.stop.signal });
    if (response.statusCode !== 200) {
      response.resume();
      throw new ApiError(response.statusCode ?? 0, '', `a watch was answered with HTTP ${response.statusCode}`);
    }
    response.socket.setKeepAlive(true, 30_000);
    // A line that breaks off is an error, and so is one that is silent: nobody is there any more.
    const silent = setTimeout(() => response.destroy(new Error('the watch is silent')), SILENT_MS);
    try {
      for await (const line of linesOf(response)) {
        silent.refresh();
        this.take(JSON.parse(line));
      }
    } finally {
      clearTimeout(silent);
    }
  }

  private take(event: { type?: string; object?: { code?: number; message?: string } }): void {
    if (event.type === 'ERROR')
      throw new ApiError(event.object?.code ?? GONE, '', event.object?.message ?? 'watch ended');
    const pod = podSchema.safeParse(event.object);
    const version = (event.object as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;
    if (version !== undefined) this.place = version;
    if (event.type === 'BOOKMARK' || !pod.success) return;
    this.tell(pod.data.metadata.name, event.type === 'DELETED' ? undefined : pod.data);
  }

  private tell(name: string, pod: PodView | undefined): void {
    if (pod === undefined) this.seen.delete(name);
    else this.seen.set(name, pod);
    this.listeners.get(name)?.changed(pod);
  }

  private query(query: Record<string, string>) {
    const { namespace, labelSelector } = this.options;
    return { method: 'GET' as const, path: `/api/v1/namespaces/${namespace}/pods`, query: { ...query, labelSelector } };
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === GONE;
}

function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && REFUSALS.includes(error.status);
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
