/**
 * Sandboxes made ahead for environments that are asked for again and again. Nobody has used one before it is given away, and none comes back: what was given belongs to one
 * owner until its end. They take only places that nobody needs.
 */
import { digestOf } from '../../base/digest.ts';
import type { Sandbox, SandboxSpec } from '../../contracts/index.ts';

export interface WarmPoolOptions {
  create(spec: SandboxSpec): Promise<Sandbox>;
  /** Places that are free and that nobody waits for. */
  spare(): number;
  /** Told why one could not be made. */
  onError(error: unknown): void;
}

interface Ready {
  sandbox: Sandbox;
  /** All times are those of `performance.now()`. */
  madeAt: number;
}

interface Environment {
  spec: SandboxSpec;
  asked: number;
  askedAt: number;
  /** Oldest first. */
  ready: Ready[];
  /** Not tried again before. */
  notBefore: number;
}

/** From the second request on an environment is worth it. */
const ASKED_OFTEN = 2;
const WANTED_MS = 600_000;
const MAX_AGE_MS = 300_000;
const AFTER_FAILURE_MS = 60_000;

export class WarmPool {
  private readonly options: WarmPoolOptions;
  private perEnvironment = 0;
  /** By what the sandbox is, whoever asks; the one asked for last stands last. */
  private readonly environments = new Map<string, Environment>();
  private filling: Promise<void> | undefined;
  private given = 0;
  private missed = 0;

  constructor(options: WarmPoolOptions) {
    this.options = options;
  }

  /** So many are kept ready for each environment; 0, as at first: none. */
  setSize(perEnvironment: number): void {
    this.perEnvironment = perEnvironment;
  }

  /** `given`, `missed`: requests that found one, and that found none, since the start. */
  get state(): { ready: number; given: number; missed: number } {
    return { ready: this.count, given: this.given, missed: this.missed };
  }

  /** One that nobody has used, now the caller's; undefined when there is none. Its labels and its time are not those of `spec`: it may live longer. */
  take(spec: SandboxSpec, now: number): Sandbox | undefined {
    if (this.perEnvironment === 0) return undefined;
    const environment = this.noteAsked(spec, now);
    const ready = environment.ready.shift();
    if (ready === undefined) this.missed++;
    else this.given++;
    return ready?.sandbox;
  }

  /** Ends those that are too many for `places`, first of environments that were not asked for lately. */
  async shrink(places: number): Promise<void> {
    const ended: Promise<void>[] = [];
    for (const { ready } of this.environments.values())
      while (this.count > Math.max(0, places) && ready.length > 0) ended.push(...ready.splice(0, 1).map(end));
    await Promise.all(ended);
  }

  /** Ends those that stand on a layer; none is made on it until it is asked for again. */
  async dropLayer(digest: string): Promise<void> {
    const ended: Promise<void>[] = [];
    for (const [key, { spec, ready }] of this.environments) {
      if (!spec.layers.some((layer) => layer.digest === digest)) continue;
      this.environments.delete(key);
      ended.push(...ready.splice(0).map(end));
    }
    await Promise.all(ended);
  }

  /** Ends what is old or not wanted any more, and makes what is missing. */
  sweep(now: number): void {
    for (const [key, environment] of this.environments) {
      const isWanted = this.perEnvironment > 0 && now - environment.askedAt <= WANTED_MS;
      if (!isWanted) this.environments.delete(key);
      const isKept = ({ madeAt }: Ready) => isWanted && now - madeAt <= MAX_AGE_MS;
      for (const old of environment.ready.filter((one) => !isKept(one))) void end(old).catch(this.options.onError);
      environment.ready = environment.ready.filter(isKept);
    }
    void this.shrink(this.options.spare()).catch(this.options.onError);
    this.filling ??= this.fill().finally(() => {
      this.filling = undefined;
    });
  }

  /** Ends all; none is made afterwards. */
  async close(): Promise<void> {
    this.perEnvironment = 0;
    await this.filling;
    await this.shrink(0);
  }

  private get count(): number {
    return [...this.environments.values()].reduce((sum, { ready }) => sum + ready.length, 0);
  }

  private noteAsked({ labels: _words, ...spec }: SandboxSpec, now: number): Environment {
    const key = digestOf(spec);
    const known = this.environments.get(key);
    const environment = known ?? { spec, asked: 0, askedAt: now, ready: [], notBefore: 0 };
    environment.asked++;
    environment.askedAt = now;
    this.environments.delete(key);
    this.environments.set(key, environment);
    return environment;
  }

  /** One at a time: who asks now comes first. Never rejects. */
  private async fill(): Promise<void> {
    for (;;) {
      const wanting = [...this.environments.values()].reverse().find((one) => this.isWanting(one));
      if (wanting === undefined || this.options.spare() <= this.count) return;
      await this.make(wanting);
    }
  }

  private isWanting({ asked, ready, notBefore }: Environment): boolean {
    return asked >= ASKED_OFTEN && ready.length < this.perEnvironment && notBefore <= performance.now();
  }

  private async make(environment: Environment): Promise<void> {
    try {
      const sandbox = await this.options.create(asReady(environment.spec));
      const ready = { sandbox, madeAt: performance.now() };
      if (![...this.environments.values()].includes(environment)) return await end(ready); // not wanted any more
      environment.ready.push(ready);
      void sandbox.closed.then(() => {
        environment.ready = environment.ready.filter((one) => one !== ready);
      });
      // Meanwhile places may have been taken, or all of it may be over.
      await this.shrink(this.options.spare());
    } catch (error) {
      environment.notBefore = performance.now() + AFTER_FAILURE_MS;
      this.options.onError(error);
    }
  }
}

/** Its time begins when it is given away; until then it has more. */
function asReady({ limits, ...spec }: SandboxSpec): SandboxSpec {
  const wallSeconds = limits.wallSeconds + MAX_AGE_MS / 1000;
  return { ...spec, limits: { ...limits, wallSeconds }, labels: { purpose: 'ready' } };
}

function end({ sandbox }: Ready): Promise<void> {
  return sandbox.destroy();
}
