/** Token buckets: so many requests per second in the long run, with short bursts. */
export class RateLimit {
  private readonly buckets = new Map<string, { left: number; at: number }>();

  /** Takes one from the bucket of `name`. 0 when it may pass, else the seconds after which the next may. */
  take(name: string, { perSecond, burst }: { perSecond: number; burst: number }, now: number): number {
    const most = Math.max(1, burst);
    const bucket = this.buckets.get(name) ?? { left: most, at: now };
    const left = Math.min(most, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    const passes = left >= 1;
    this.buckets.set(name, { left: passes ? left - 1 : left, at: now });
    return passes ? 0 : (1 - left) / perSecond;
  }

  /** Forgets buckets that are full again. */
  sweep(now: number, fullAfterMs: number): void {
    for (const [name, { at }] of this.buckets) if (now - at > fullAfterMs) this.buckets.delete(name);
  }
}
