/** Fills what rows from before harness 5 lack: image, log parser, kind of evaluation and the evaluation script. */
import type { EvalType, SwebenchInstance } from '../contracts.ts';
import { evalScript, plainEvalScript } from './eval-script.ts';
import { GYM_RULES } from './gym-rules.ts';
import { gymImageName, imageName } from './image-name.ts';
import { MULTILINGUAL_RULES } from './multilingual-rules.ts';
import { ownEntry } from './own-entry.ts';
import { testRules } from './test-rules.ts';

type Incomplete = Omit<SwebenchInstance, 'eval_type'> & { eval_type?: EvalType };

/** Repositories whose runners print failures only. */
const FAIL_ONLY: ReadonlySet<string> = new Set([
  'chartjs/Chart.js',
  'processing/p5.js',
  'markedjs/marked',
  'bpmn-io/bpmn-js',
  'openlayers/openlayers',
  'eslint/eslint',
]);

/** Fields the row has are never changed; those without a rule stay absent. */
export function deriveFields(row: Incomplete): SwebenchInstance {
  const rules = testRules(row.repo, row.version);
  const parser = row.log_parser ?? rules?.parser ?? ownEntry(MULTILINGUAL_RULES, row.repo)?.parser;
  const script = row.eval_script ?? (rules === undefined ? plainScript(row) : evalScript(row, rules));
  return {
    ...row,
    image: row.image ?? (Object.hasOwn(GYM_RULES, row.repo) ? gymImageName : imageName)(row.instance_id),
    eval_type: row.eval_type ?? (FAIL_ONLY.has(row.repo) ? 'fail_only' : 'pass_and_fail'),
    ...(parser === undefined ? {} : { log_parser: parser }),
    ...(script === undefined ? {} : { eval_script: script }),
  };
}

/** Output goes through a pipe so that no runner draws on a terminal. */
function plainScript(row: Incomplete): string | undefined {
  const rules = ownEntry(ownEntry(MULTILINGUAL_RULES, row.repo)?.versions ?? {}, row.version);
  if (rules === undefined) return undefined;
  const { command, build } = rules;
  return plainEvalScript(row, { build: build === undefined ? [] : [build], test: [`(${command}) | cat`] });
}
