/** Where a log of tests tells of a test that failed. Logs of any runner: the lines by which the common ones begin to tell of a failure are known, others are found by the name alone. */

/** Lines of an excerpt. */
const MAX_LINES = 30;
/** As far as a name is looked for; what is longer is data. */
const MAX_NAME = 200;
/** `____ name ____` of pytest; `not ok` of TAP, `FAIL:` of unittest, `--- FAIL:` of Go, `●` and `✕` of others; any line that says so. The first that is found is taken. */
const STARTS = [/^_{3,} .* _{3,}$/, /^\s*(not ok\b|FAIL:|ERROR:|--- FAIL:|[●✕✗×] )/, /fail|error/i];
/** The next test, or the end of the list of failures. */
const NEXT = /^\s*(_{3,} .* _{3,}$|={10,}|# Subtest\b|(not )?ok\b|FAIL:|ERROR:|--- (FAIL|PASS):|[●✕✗×✓✔] )/;

/** The lines that tell why a test failed; null when the log does not have its name. */
export function failureExcerpt(log: string, test: string): string | null {
  const name = lastPart(test).slice(0, MAX_NAME);
  if (name === '') return null;
  const lines = log.split('\n');
  const named = lines.flatMap((line, at) => (line.includes(name) ? [at] : []));
  const start = STARTS.map((begins) => named.find((at) => begins.test(lines[at] ?? ''))).find((at) => at !== undefined);
  const from = start ?? named[0];
  if (from === undefined) return null;
  const rest = lines.slice(from + 1, from + MAX_LINES);
  const end = rest.findIndex((line) => NEXT.test(line));
  return [lines[from], ...(end < 0 ? rest : rest.slice(0, end))].join('\n').trimEnd();
}

/** Names lead from a file or a suite to the test itself. */
function lastPart(test: string): string {
  const parts = test.split(/::| > |\s*›\s*/);
  const last = parts.at(-1) ?? '';
  // `package.Class.test_name`, but not a sentence with a full stop.
  return (/\s/.test(last) ? last : (last.split('.').at(-1) ?? '')).trim();
}
