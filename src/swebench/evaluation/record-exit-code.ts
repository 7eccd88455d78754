/** Evaluation scripts as they are run: the exit code of the tests is recorded right after them. */
import { END_MARKER } from '../dataset/eval-script.ts';

const HEADER = '#!/bin/bash\nset -uxo pipefail\n';

/** The script with a line before and one after the first end marker; without such a marker as it is. */
export function recordExitCode(script: string): string {
  const all = script.split('\n');
  const lines = all.slice(all.findIndex((line) => !line.startsWith('#!') && !/^set -\w+( pipefail)?$/.test(line)));
  const end = lines.findIndex((line) => line.includes(END_MARKER));
  if (end < 0) return script;
  lines.splice(end, 0, 'SWEBENCH_TEST_EXIT_CODE=$?');
  lines.splice(end + 2, 0, 'echo ">>>>> Test Exit Code: $SWEBENCH_TEST_EXIT_CODE"');
  return `${HEADER}${lines.join('\n')}`;
}
