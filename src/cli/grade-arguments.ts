/** Command lines of the reference harness, old (`run_evaluation --dataset_name X ...`) and new (`swebench eval X ...`), in words of `assay grade`. */

const RENAMED: Readonly<Record<string, string>> = {
  '--predictions_path': '--predictions',
  '--max_workers': '--jobs',
  '--workers': '--jobs',
  '--instance_ids': '--instance-ids',
  '--instance': '--instance-ids',
  '--run_id': '--run-id',
  '-id': '--run-id',
  '--report_dir': '--report-dir',
  '--cache_level': '--cache-level',
  '--task_repo': '--task-repo',
};

/** Options that have no counterpart because there is nothing to choose; their values go with them. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  '--open_file_limit',
  '--open-file-limit',
  '--namespace',
  '-n',
  '--instance_image_tag',
  '--env_image_tag',
  '--force_rebuild',
]);

/** Switches of the other program that change nothing here. */
const IGNORED: ReadonlySet<string> = new Set(['-v', '--verbose']);

/** Yes/no options with a value; those that are yes become a flag or are refused by the command. */
const YES_NO: Readonly<Record<string, string>> = {
  '--modal': '--modal',
  '--clean': '--clean',
  '--rewrite_reports': '--rewrite-reports',
};

/** Arguments after `assay grade`. Those in Assay's own words come out unchanged. */
export function translateGradeArguments(argv: readonly string[]): string[] {
  const translated: string[] = [];
  const words = argv.flatMap((word) =>
    /^--[\w-]+=/.test(word) ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] : [word],
  );
  let dataset: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const next = words[index + 1];
    if (word === '--dataset_name' || word === '-d') {
      dataset = next;
      index++;
    } else if (WITHOUT_EFFECT.has(word)) index++;
    else if (IGNORED.has(word)) continue;
    else if (word in YES_NO) {
      const isValue = next !== undefined && /^(yes|true|t|y|1|no|false|f|n|0)$/i.test(next);
      if (!isValue || /^(yes|true|t|y|1)$/i.test(next)) translated.push(YES_NO[word] ?? word);
      if (isValue) index++;
    } else translated.push(RENAMED[word] ?? word);
  }
  return dataset === undefined ? translated : [dataset, ...translated];
}
