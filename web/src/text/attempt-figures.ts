/** Cost, tokens, time and the receipt of the sandbox, of what is known of them. */
import type { AttemptDocument } from '../../../src/view/documents.ts';
import { bytes, count, dollars, duration } from './format.ts';

export function attemptFigures(document: AttemptDocument): [string, string][] {
  const { record, receipt, sandbox, scores } = document;
  const totals = record.totals;
  const figures: [string, string | null][] = [
    ['steps', String(totals?.steps ?? document.steps.length)],
    ['cost', totals === null ? null : dollars(totals.usd, totals.unknownCosts)],
    ['input tokens', totals === null ? null : count(inputOf(totals.usage))],
    ['from cache', totals === null ? null : count(totals.usage.cacheRead)],
    ['output tokens', totals === null ? null : count(totals.usage.output)],
    ['work', totals === null ? null : duration(totals.workingMs)],
    ['patch', bytes(record.patchBytes)],
    ...scores.map(({ critic, score }): [string, string] => [critic, score.toFixed(3)]),
    ['sandbox', sandbox === null ? null : `${sandbox.backend}, ${sandbox.tier}`],
    ['peak memory', receipt?.peakMemoryBytes == null ? null : bytes(receipt.peakMemoryBytes)],
    ['CPU', receipt?.cpuSeconds == null ? null : `${receipt.cpuSeconds.toFixed(1)} s`],
    ['written', receipt?.writtenBytes == null ? null : bytes(receipt.writtenBytes)],
    ['throttled', receipt?.throttledSeconds == null ? null : `${receipt.throttledSeconds.toFixed(1)} s`],
    ['waited for a sandbox', receipt?.waitMs == null ? null : duration(receipt.waitMs)],
    ['had it for', receipt?.lifeMs == null ? null : duration(receipt.lifeMs)],
    ['killed for memory', (receipt?.oomKills ?? 0) > 0 ? String(receipt?.oomKills) : null],
  ];
  return figures.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
}

function inputOf(usage: {
  inputUncached: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
}): number {
  return usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}
