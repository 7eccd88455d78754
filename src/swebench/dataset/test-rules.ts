/** How the tests of a repository are run and read, by repository and version: what rows without a script need. */
import { GYM_RULES } from './gym-rules.ts';
import { ownEntry } from './own-entry.ts';

export interface TestRules {
  /** The files the test patch touches, as arguments, come after it. */
  command: string;
  parser: string;
  /** Run again before the tests, because a patch may add modules; empty where nothing is. */
  install: string;
  /** Run in the activated environment before anything else. */
  prepare: readonly string[];
}

const EDITABLE = 'python -m pip install -e .';
const PYTEST = 'pytest -rA';

const UTF8_LOCALE = "sed -i '/en_US.UTF-8/s/^# //g' /etc/locale.gen && locale-gen";

export interface RuleSet extends Partial<Omit<TestRules, 'parser'>> {
  parser: string;
  /** Later entries win; the first number of versions below which an entry counts. */
  before?: readonly (readonly [version: string, changes: Partial<TestRules>])[];
}

const DJANGO: RuleSet = {
  parser: 'parse_log_django',
  command: './tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1',
  before: [
    [
      '4.0',
      {
        prepare: [UTF8_LOCALE, 'export LANG=en_US.UTF-8', 'export LANGUAGE=en_US:en', 'export LC_ALL=en_US.UTF-8'],
      },
    ],
    [
      '3.0',
      {
        install: 'python setup.py install',
        prepare: [
          'export LANG=en_US.UTF-8',
          'export LC_ALL=en_US.UTF-8',
          'export PYTHONIOENCODING=utf8',
          'export LANGUAGE=en_US:en',
        ],
      },
    ],
    ['1.10', { command: './tests/runtests.py --verbosity 2' }],
  ],
};

const RULES: Readonly<Record<string, RuleSet>> = {
  'astropy/astropy': {
    parser: 'parse_log_astropy',
    install: 'python -m pip install -e .[test] --verbose',
    before: [['3.0', { command: 'pytest -rA -vv -o console_output_style=classic --tb=no' }]],
  },
  'django/django': DJANGO,
  'marshmallow-code/marshmallow': {
    parser: 'parse_log_marshmallow',
    install: "python -m pip install -e '.[dev]'",
  },
  'matplotlib/matplotlib': { parser: 'parse_log_matplotlib' },
  'mwaskom/seaborn': {
    parser: 'parse_log_seaborn',
    command: 'pytest --no-header -rA',
    install: 'python -m pip install -e .[dev]',
  },
  'pallets/flask': { parser: 'parse_log_flask' },
  'psf/requests': { parser: 'parse_log_requests', install: 'python -m pip install .' },
  'pvlib/pvlib-python': { parser: 'parse_log_pvlib', install: 'python -m pip install -e .[all]' },
  'pydata/xarray': { parser: 'parse_log_xarray' },
  'pydicom/pydicom': { parser: 'parse_log_pydicom' },
  'pylint-dev/astroid': { parser: 'parse_log_astroid' },
  'pylint-dev/pylint': { parser: 'parse_log_pylint' },
  'pytest-dev/pytest': { parser: 'parse_log_pytest' },
  'pyvista/pyvista': { parser: 'parse_log_pyvista' },
  'scikit-learn/scikit-learn': {
    parser: 'parse_log_scikit',
    install: 'python -m pip install -v --no-use-pep517 --no-build-isolation -e .',
  },
  'sphinx-doc/sphinx': {
    parser: 'parse_log_sphinx',
    command: 'tox --current-env -epy39 -v --',
    install: 'python -m pip install -e .[test]',
  },
  'sqlfluff/sqlfluff': { parser: 'parse_log_sqlfluff' },
  'sympy/sympy': {
    parser: 'parse_log_sympy',
    command: "PYTHONWARNINGS='ignore::UserWarning,ignore::SyntaxWarning' bin/test -C --verbose",
  },
};

/** The rules, or undefined for a repository without any. Versions are compared number by number. */
export function testRules(repo: string, version: string): TestRules | undefined {
  const set = ownEntry(RULES, repo) ?? ownEntry(GYM_RULES, repo);
  if (set === undefined) return undefined;
  const { before = [], ...own } = set;
  const changes = before.filter(([limit]) => isBefore(version, limit)).map(([, change]) => change);
  return Object.assign({ command: PYTEST, install: EDITABLE, prepare: [] }, own, ...changes) as TestRules;
}

/** Is version `a` older than `b`? `1.10` comes after `1.9`. */
export function isBefore(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
