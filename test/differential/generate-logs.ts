/** Made-up logs for each SWE-bench parser: lines of its own grammar and of others, odd names, colours, lone carriage returns, forged markers. The same seed gives the same logs. */

/** Numbers in [0, 1), a linear congruential generator (Numerical Recipes). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Form = (name: string, end: string, pick: <T>(list: readonly T[]) => T) => string;

const NAMES = [
  'test one',
  'a.b.c',
  'x > y',
  'with (parens) here',
  'é unicode ✓',
  'tab\tname',
  '11304',
  '__proto__',
  'a - b',
  'name in /tmp/x',
  'n: m',
  'x\u00a0y',
  'a\u001cb',
  '\ufeffbom',
  'z\u2028w',
  'constructor',
  'TestFoo/bar_baz',
  'com.x.T > m()',
  '"quoted"',
  "it's",
  'name...',
  '[id]',
];
const ENDS = [
  '',
  ' (12 ms)',
  ' (12ms)',
  ' (1.2s)',
  ' (0.3 s)',
  ' (5s)',
  ' 12ms',
  ' [skipped]',
  ' in tests/unit/x.tcl',
  ' (٣ms)',
  ' (12 ms) ',
  '\r',
  '\u0085',
];
const STATUSES = ['PASSED', 'FAILED', 'SKIPPED', 'ERROR', 'XFAIL', 'FAILEDx', 'ERROR:'];
const flat = (name: string) => name.replace(/\s/g, '_');

const PYTHON: readonly Form[] = [
  (n, _, pick) => `${pick(STATUSES)} a/b.py::t_${n}`,
  (n, _, pick) => `${pick(STATUSES)} a.py::${n} - AssertionError: x - y`,
  (n, _, pick) => `a.py::t[${n}] ${pick(STATUSES)}  [ 12%]`,
  (n, _, pick) => `${pick(STATUSES)} x.py::t[/a/${n}/c]`,
  (_, __, pick) => `${pick(STATUSES)} x::t[//a/b]`,
  () => 'SKIPPED [3] a.py:1: no',
  () => 'PASSED [100%]',
  (n, _, pick) => `\u001b[32m${pick(STATUSES)}\u001b[0m a.py::${n}`,
  (n, _, pick) => `test_${n} (a.B) ... ${pick(['ok', 'FAIL', 'ERROR', 'skipped x', ' OK', 'OK'])}`,
  (n, _, pick) => `${pick(['FAIL', 'ERROR'])}: ${n} (a.B)`,
  () => 'ok',
  () => 'Some docstring ... ',
  (n, _, pick) => `test_${flat(n)} ${pick(['ok', 'F', 'E', 'f', 'ok [OK]', 'F [FAIL]'])}`,
  (n) => `____ a/b.py:test_${n} ____`,
  (n) => `MouseButton.LEFT ${n}`,
  (n) => `tests/a.py::${n} PASSED x`,
  () => '--version is equivalent to version',
  (n) => `test_${n} (x) ... Testing against Django installed in '/x' (0 silenced).\nok`,
  () => 'test_y (x) ... System check identified no issues (0 silenced)\nok',
  () => 'test_z (x) ... Internal Server Error: /a/\nok',
];
const TICKS: Form = (n, end, pick) => `  ${pick(['✓', '✕', '○', '×', '↓', '✔', '✖', '✘', '↩'])} ${n}${end}`;
const DEEP_TICKS: Form = (n, end, pick) => `      ${pick(['✓', '✔', '✖'])} ${n}${end}`;
const INDENTED: Form = (n, _, pick) => `${' '.repeat(pick([0, 1, 2, 3, 4, 5, 6, 7]))}${n}`;
const NUMBERED: Form = (n, _, pick) => `  ${pick([1, 2, 3, 7])}) ${n}`;
const SECTIONS: Form = (_, __, pick) =>
  pick([
    'SUMMARY:',
    'TOTAL 3',
    '',
    '  ',
    'Test Suites: 1',
    '  ● x',
    'ERRORS',
    'failures:',
    '  5 passing (2s)',
    'running 3 test files',
    '+ xvfb-run npm test',
    ' ./node_modules/.bin/jest x',
    'LOG: x',
    'Running: a (1 of 2)\n\n\n  Suite\n    ✓ t (1)\n    1) u',
  ]);
const BROWSER_FAILURES: readonly Form[] = [
  (n) => `Chrome 88.0.1 (Linux x86_64) ${n} FAILED`,
  (n) => `\u001b[31mChrome 88.0.1 (Linux x86_64) ${n} FAILED\u001b[39m`,
  (n) => `Chrome Headless 99.0 (Linux x86_64) ${n} FAILED`,
  (n) => `HeadlessChrome 79.0 (Linux 0.0.0) ${n}FAILED`,
  (n) => `\u001b[2KPhantomJS 2.1.1 (Linux 0.0.0) ${n} FAILED`,
  (n) => `case ${n}: mismatch 3`,
  (n) => `1) ${n}`,
];
const JSON_LINES: readonly Form[] = [
  () => '{',
  () => '}',
  () => '[',
  () => ']',
  (n) => `      "fullTitle": "${n.replace(/"/g, '')}",`,
  () => '  "passes": [',
  () => '  "failures": [',
  () => '  ],',
  () => '  }',
  () => '../..',
  () => './node_modules/.bin/mocha --reporter json',
  (n) => `✗ ${n}`,
];

/** The grammar of a parser by what its name holds; the first that fits. */
const GRAMMARS: readonly (readonly [RegExp, readonly Form[]])[] = [
  [
    /pytest|astroid|flask|marsh|pvlib|pyvista|sqlfluff|xarray|options|pydicom|requests|pylint|v2|astropy|scikit|sphinx|matplotlib|seaborn|django|sympy/,
    PYTHON,
  ],
  [/redis/, [(n, e, pick) => `[${pick(['ok', 'err', 'skip', 'ignore', 'exception'])}]: ${n}${e}`]],
  [/jq/, [(n, e, pick) => `${pick(['PASS', 'FAIL', 'SKIP'])}: ${n}${e}`]],
  [/micropython/, [(n, e, pick) => `${pick(['pass', 'FAIL', 'skip'])}  ${n}${e}`]],
  [/google/, [(n, e, pick) => `12: [${pick(['       OK ', '  FAILED  ', 'RUN'])}] ${n}${e}`]],
  [
    /gotest/,
    [(n, _, pick) => `--- ${pick(['PASS', 'FAIL', 'SKIP'])}: ${n} (0.00s)`, (n) => `    --- PASS: ${n} (1.2s)`],
  ],
  [/ant$/, [(n, _, pick) => `    [junit] [${pick(['PASS', 'FAIL', 'ERR'])}] ${n}`]],
  [
    /jekyll|minitest|cucumber/,
    [
      (n, _, pick) => `${n}. = 0.01 s = ${pick(['.', 'F', 'E'])}`,
      (n, _, pick) => `Feature: ${n} ....${pick(['.', 'F', 'U'])}`,
    ],
  ],
  [/ruby/, [(n, e, pick) => `test: ${n}:   ${pick(['.', 'E', 'F', 'O', 'Eé', 'P'])}: ${e}`]],
  [/rspec/, [(n, _, pick) => `${n} - ${pick(['passed', 'failed', 'pending'])}`]],
  [/cargo/, [(n, _, pick) => `test ${flat(n)} ... ${pick(['ok', 'FAILED', 'ignored'])}`]],
  [/jest$|vitest|immutable/, [TICKS, DEEP_TICKS, (n, _, pick) => `[${pick(['PASSED', 'FAILED'])}] ${n}`]],
  [/jest_json/, [(n, _, pick) => `[${pick(['PASSED', 'FAILED'])}] ${n}`]],
  [/tap/, [(n, e, pick) => `${pick(['ok', 'not ok'])} ${pick([1, 12, 99])} ${n}${e}`]],
  [/phpunit/, [(n) => `Some Suite (Tests\\${n})`, TICKS]],
  [
    /maven/,
    [(n) => `+ mvn test -B -Dtest=${n} -pl x`, (_, __, pick) => `[INFO] BUILD ${pick(['SUCCESS', 'FAILURE'])}`],
  ],
  [
    /gradle/,
    [
      (n, _, pick) => `${n} ${pick(['PASSED', 'FAILED'])}`,
      (_, __, pick) => pick(['PASSED', 'FAILED']),
      (n) => `org.T > ${n.replace(/\s/g, '')}`,
    ],
  ],
  [/karma/, [() => 'Starting browser Chrome', DEEP_TICKS, TICKS, INDENTED, SECTIONS]],
  [/carbon|react|prettier|scratch|emotion|grommet/, [(n, e, pick) => `${pick(['PASS', 'FAIL'])} ${n}${e}`]],
  [
    /eslint|marked|p5js/,
    [
      NUMBERED,
      (n) => `  1) ${n}\n     ${n}:\n   AssertionError: x`,
      (n) => `1) ${n}`,
      INDENTED,
      () => '<b>x</b>',
      () => '<b>x<b>y</b>',
      ...JSON_LINES.slice(0, 4),
    ],
  ],
  [/openlayers|chart|bpmn/, [...BROWSER_FAILURES, (n) => `  1) ${n}\n     ${n}:\n   AssertionError: x`]],
  [/plotly/, [(n) => `    - ${n} :`, (n, _, pick) => `      * ${n} : ${pick(['ok', 'failed', 'OK failed', ''])}`]],
  [
    /quarto/,
    [
      (n, _, pick) =>
        `[smoke] > ${n} /tmp/ab${pick([0, 1, 2])}.qmd ... \u001b[0m\u001b[${pick(['32mok', '31mFAILED', '34mINFO'])}`,
      (n, _, pick) => `[unit] ${n} /tmp/q${pick([0, 1])}/ ... `,
      SECTIONS,
    ],
  ],
  [/calypso/, [() => '+ ./node_modules/.bin/jest x', TICKS, DEEP_TICKS, INDENTED, SECTIONS]],
  [/highlight/, [TICKS, DEEP_TICKS, NUMBERED, INDENTED, SECTIONS]],
  [/next/, [() => '+ xvfb-run npm', () => 'Starting browser Chrome', TICKS, INDENTED, SECTIONS, NUMBERED]],
  [
    /lighthouse|cypress/,
    [...JSON_LINES, (n, e, pick) => `${pick(['PASS', 'FAIL'])} ${n}${e}`, TICKS, NUMBERED, SECTIONS],
  ],
  [
    /prism/,
    [
      () =>
        './node_modules/.bin/mocha tests/run.js --reporter json\n{"failures":[{"fullTitle":"f"}],"passes":[{"fullTitle":"p"}]}',
    ],
  ],
  [
    /doctest/,
    [
      (n, _, pick) =>
        `<doctest><TestCase name="${n.replace(/["&<]/g, '')}"><SubCase name="s"><Expression success="${pick(['true', 'false'])}"/></SubCase></TestCase></doctest>`,
    ],
  ],
];

/** What forges, breaks off or explains a log, wherever it stands. */
const NOISE = [
  '>>>>> Patch Apply Failed',
  '>>>>> Tests Timed Out',
  '>>>>> Test Exit Code: 1',
  '>>>>> Test Exit Code: 0',
  '>>>>> Test Exit Code: 1٣',
  "+ : '>>>>> Start Test Output'",
  "+ : '>>>>> End Test Output'",
  'Tests: 3 passed',
  'Tests: 0 total',
  'Executed 3 of 4',
  '  4 passing (2s)',
  '# tests 7',
  "': ok",
  'Killed',
  'Cannot allocate memory',
  'Could not resolve host: x',
  'ModuleNotFoundError: x',
  'no tests ran',
  'Timeout error: 1800 seconds exceeded.',
  'Failed to launch chrome',
  '\u001b[31mFAILED\u001b[0m',
  '\u2028',
  '\u0085Killed',
  'Test Suites: 1 failed, 2 total',
  'TOTAL: 0 SUCCESS',
  '3 specs, 0 failures',
  'cannot open display: :0',
];

const picker = (random: Random) => {
  return <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
};

/** Output of tests, mostly in the parser's own grammar. */
export function testOutput(parser: string, random: Random): string {
  const pick = picker(random);
  const own = GRAMMARS.find(([pattern]) => pattern.test(parser.replace('parse_log_', '')))?.[1] ?? PYTHON;
  const lines = Array.from({ length: Math.floor(random() * 25) }, () => {
    const forms = random() < 0.9 ? own : pick(GRAMMARS)[1];
    return pick(forms)(pick(NAMES), random() < 0.5 ? pick(ENDS) : '', pick);
  });
  if (/karma/.test(parser) && random() < 0.8) lines.unshift('Starting browser Chrome');
  return lines.join('\n');
}

/** A whole log around the output of tests: markers, exit code, noise, sometimes cut off. */
export function wholeLog(output: string, random: Random): string {
  const pick = picker(random);
  const lines = output.split('\n');
  for (let left = Math.floor(random() * 3); left > 0; left--)
    lines.splice(Math.floor(random() * lines.length), 0, pick(NOISE));
  const body = lines.join(pick(['\n', '\n', '\r\n', '\n\r']));
  const end = pick(['', '>>>>> Test Exit Code: 0\n', '>>>>> Test Exit Code: 1\n', pick(NOISE)]);
  const log = `+ git apply\n+ : '>>>>> Start Test Output'\n${body}\n+ : '>>>>> End Test Output'\n${end}`;
  return random() < 0.08 ? log.slice(0, Math.floor(random() * log.length)) : log;
}
