/** From the log of an evaluation to its report: which part of it counts, what the tests did, what that means. */
import { withTimeLimit } from '../../base/time-limit.ts';
import { AssayError } from '../../contracts/index.ts';
import type { InstanceReport, LogRules, Prediction, SwebenchInstance } from '../contracts.ts';
import { END_MARKER, START_MARKER } from '../dataset/eval-script.ts';
import { findParser } from '../parsers/parser-registry.ts';
import type { ParseOptions, StatusMap, SwebenchParser } from '../parsers/swebench-parser.ts';
import { infraFailure } from './infra-failure.ts';
import { judgeTests } from './judge-tests.ts';
import { pythonJson } from './python-json.ts';

/** Patterns of some parsers take endlessly long over lines that no runner prints. */
const PARSE_LIMIT_MS = 60_000;

export interface GradeLogInput {
  instance: SwebenchInstance;
  prediction: Prediction;
  log: string;
  compat: LogRules;
}

const UNUSABLE = ['>>>>> Patch Apply Failed', '>>>>> Reset Failed', '>>>>> Tests Errored', '>>>>> Tests Timed Out'];

/** What only a runner that really ran prints; all counts in it have to be above zero. */
const SUITE_RAN = [
  /Executed (\d+) of (\d+)/g,
  /TOTAL: (\d+) (?:SUCCESS|FAILED)/g,
  /(?<!\d)(\d+) passing/g,
  /Tests: +(\d+)/g,
  /Test Suites: .*?(\d+) total/g,
  /^# tests (\d+)/gm,
  /(\d+) specs, \d+ failures/g,
  /': ok$/gm,
];

/** Throws `task-invalid` for a parser name that is not known, `grading-crashed` for a log its parser cannot read; pure. */
export function gradeLog({ instance, prediction, log: raw, compat }: GradeLogInput): InstanceReport {
  const modern = compat === 5;
  const report: InstanceReport = {
    patch_is_None: prediction.model_patch === null,
    patch_exists: prediction.model_patch !== null,
    patch_successfully_applied: false,
    resolved: false,
    ...(modern ? { infra_failure: false } : {}),
  };
  if (prediction.model_patch === null) return report;
  const log = raw.replace(/\r\n?/g, '\n');
  const statuses = readStatuses(log, instance.log_parser ?? '', {
    modern,
    early: compat === 1,
    instanceId: instance.instance_id,
    version: instance.version ?? '',
  });
  if (statuses === undefined) {
    const infra = modern ? infraFailure(log) : undefined;
    if (infra === undefined) return report;
    return { ...report, infra_failure: infra.tier === 'environment', infra_failure_reason: infra.reason };
  }
  const { outcomes, resolved } = judgeTests(instance, statuses, modern);
  return { ...report, patch_successfully_applied: true, resolved, tests_status: outcomes };
}

/** The text of `report.json`. */
export function instanceReportText(instanceId: string, report: InstanceReport): string {
  return pythonJson(new Map([[instanceId, report]]));
}

/** Undefined when the log says nothing about the tests. */
function readStatuses(log: string, parserName: string, options: ParseOptions): StatusMap | undefined {
  const parser = findParser(parserName);
  const parse: SwebenchParser = (text, rules) => {
    try {
      return withTimeLimit(PARSE_LIMIT_MS, () => parser(text, rules));
    } catch (error) {
      const message = `${parserName} cannot read the log: ${error instanceof Error ? error.message : String(error)}`;
      throw new AssayError('grading-crashed', message, { class: 'task', retryable: false, cause: error });
    }
  };
  if (UNUSABLE.some((marker) => log.includes(marker))) return undefined;
  if (options.early) return earlyStatuses(log, parse, options);
  if (!log.includes(START_MARKER) || !log.includes(END_MARKER)) return undefined;
  const section = (log.split(START_MARKER)[1] ?? '').split(END_MARKER)[0] ?? '';
  let statuses = parse(section, options);
  if (statuses.size === 0) statuses = parse(log, options);
  if (!options.modern) return statuses;
  if (statuses.size === 0 && !suiteRan(log)) return undefined;
  const code = />>>>> Test Exit Code: (\d+)/.exec(log)?.[1];
  const failing = [...statuses.values()].some((status) => status === 'FAILED' || status === 'ERROR');
  const forged = code !== undefined && Number(code) !== 0 && statuses.size > 0 && !failing;
  return forged ? undefined : statuses;
}

/** Scripts of harness 1 printed no markers: what comes after the patch counts. */
function earlyStatuses(log: string, parse: SwebenchParser, options: ParseOptions): StatusMap | undefined {
  if (!log.includes('>>>>> Applied Patch') || log.includes('Failed to reset task environment')) return undefined;
  return parse(log.split('>>>>> Applied Patch (pred)').at(-1) ?? '', options);
}

function suiteRan(log: string): boolean {
  return SUITE_RAN.some((pattern) =>
    [...log.matchAll(pattern)].some(([, ...counts]) => counts.every((count) => Number(count) > 0)),
  );
}
