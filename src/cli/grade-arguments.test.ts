import { expect, test } from 'vitest';
import { translateGradeArguments } from './grade-arguments.ts';

const translate = (line: string) => translateGradeArguments(line.split(' ')).join(' ');

test('old and new command lines of the reference become ours', () => {
  expect(
    translate(
      '--dataset_name princeton-nlp/SWE-bench_Lite --predictions_path gold --max_workers 1 --instance_ids a b --run_id x --timeout 60 --cache_level env --clean True --open_file_limit 99 --modal false',
    ),
  ).toBe(
    'princeton-nlp/SWE-bench_Lite --predictions gold --jobs 1 --instance-ids a b --run-id x --timeout 60 --cache-level env --clean',
  );
  expect(translate('verified -p p.json -i a -i b -j 8 --run-id r --report-dir out')).toBe(
    'verified -p p.json -i a -i b -j 8 --run-id r --report-dir out',
  );
  expect(translate('verified --gold -v --open-file-limit=9 --run-id=a=b --task-repo=x')).toBe(
    'verified --gold --run-id a=b --task-repo x',
  );
  expect(translate('lite --gold --workers 3 --instance a')).toBe('lite --gold --jobs 3 --instance-ids a');
  expect(translate('-d lite -id r --run_id=q --rewrite_reports yes')).toBe(
    'lite --run-id r --run-id q --rewrite-reports',
  );
});
