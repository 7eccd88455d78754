/**
 * How the tests of SWE-Gym's repositories are run and read: facts of its fork of the harness. Its images hold each package installed in place, so only what is compiled is installed
 * again before the tests. Pure data.
 */
import type { RuleSet } from './test-rules.ts';

const NOTHING = '';
const ONE_PROCESS = 'pytest -n0 -rA';

export const GYM_RULES: Readonly<Record<string, RuleSet>> = {
  'bokeh/bokeh': { parser: 'parse_log_pytest', command: 'pytest -rA -n0', install: NOTHING },
  'conan-io/conan': {
    parser: 'parse_log_pytest',
    command: ONE_PROCESS,
    install: NOTHING,
    prepare: [`export PYTHONPATH=\${PYTHONPATH:-}:$(pwd)`],
  },
  'dask/dask': { parser: 'parse_log_pytest', command: `${ONE_PROCESS} --color=no`, install: NOTHING },
  'facebookresearch/hydra': { parser: 'parse_log_pytest', command: 'pytest -rA --tb=long', install: NOTHING },
  'getmoto/moto': { parser: 'parse_log_pytest', command: ONE_PROCESS, install: NOTHING },
  'iterative/dvc': { parser: 'parse_log_pytest', install: NOTHING },
  'modin-project/modin': { parser: 'parse_log_pytest', command: ONE_PROCESS, install: NOTHING },
  'pandas-dev/pandas': {
    parser: 'parse_log_pytest',
    command: 'pytest -rA --tb=long',
    install: 'python -m pip install -ve . --no-build-isolation -Ceditable-verbose=true',
  },
  'Project-MONAI/MONAI': { parser: 'parse_log_pytest', install: NOTHING },
  'pydantic/pydantic': {
    parser: 'parse_log_pytest_v2',
    command: 'pytest -rA --tb=short -vv -o console_output_style=classic --no-header',
    install: NOTHING,
  },
  // Its tests are cases within data files, picked by name.
  'python/mypy': {
    parser: 'parse_log_pytest',
    command: 'pytest -rA -k',
    install: NOTHING,
    before: [['1.7', { command: `${ONE_PROCESS} -k` }]],
  },
};
