/** Numbers for people. */
import type { Interval } from '../../../src/stats/intervals.ts';

export const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

/** `62.0 % [48.2, 74.1]`, 95 % interval. */
export function rate({ value, low, high }: Interval): string {
  return `${percent(value)} [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
}

/** Unknown is never zero: with replies without a price, what is known is a lower bound. */
export function dollars(usd: number, unknownCosts = 0): string {
  if (unknownCosts > 0 && usd === 0) return 'unknown';
  return `${unknownCosts > 0 ? '≥ ' : ''}$${usd.toFixed(usd < 10 ? 4 : 2)}`;
}

export function count(value: number): string {
  if (value < 10_000) return String(Math.round(value));
  return value < 1e6 ? `${(value / 1e3).toFixed(1)}k` : `${(value / 1e6).toFixed(2)}M`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  return value < 1024 ** 2 ? `${(value / 1024).toFixed(1)} kB` : `${(value / 1024 ** 2).toFixed(1)} MB`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `2026-01-31 14:05`, UTC. */
export const moment = (iso: string) => iso.slice(0, 16).replace('T', ' ');
