/**
 * What an instance of a Python repository needs, by repository and version: the interpreter and the packages its tests use. Everything else follows from the repository's own
 * metadata, resolved as of a date, so that no table of pinned versions has to be kept.
 */
import { isBefore } from '../dataset/test-rules.ts';

export interface PythonRecipe {
  /** Minor version, e.g. `3.9`. */
  python: string;
  /** Requirements beside those of the repository itself. */
  packages: readonly string[];
  /** Extras of the repository that its tests need. */
  extras: readonly string[];
  /** Requirement files of the repository, passed over where they do not exist. */
  requirements: readonly string[];
  /** Packages in those files that are left out: clients of servers which no environment has, and which need libraries to build. */
  without: readonly string[];
  /** Commands in the repository before it is installed; their changes become part of the base state. */
  prepare: readonly string[];
}

interface RecipeSet extends Partial<PythonRecipe> {
  /** Changes for versions before the named one; later entries win. */
  before?: readonly (readonly [version: string, changes: Partial<PythonRecipe>])[];
}

const DEFAULTS: PythonRecipe = {
  python: '3.9',
  packages: ['pytest'],
  extras: [],
  requirements: [],
  without: [],
  prepare: [],
};

/** Reports of passed tests too, as the published environments have it. */
const TOX_REPORTS_ALL = "sed -i 's/pytest/pytest -rA/' tox.ini";

/**
 * Freetype and qhull are compiled from their makers' archives. Where those cannot be reached, the machine's own are used (libfreetype-dev, libqhull-dev); tests that compare drawn
 * text pixel by pixel fail then.
 */
const MATPLOTLIB_LIBRARIES = `reachable() { python3 -c 'import sys, urllib.request as u; [u.urlopen(url, timeout=30) for url in sys.argv[1:]]' "$@" 2> /dev/null; }
if ! reachable https://download.savannah.gnu.org/releases/freetype/ http://www.qhull.org/download/; then
  echo 'The archives of freetype and qhull cannot be reached: building with the libraries of this machine.'
  printf '[libs]\\nsystem_freetype = true\\nsystem_qhull = true\\n' > /tmp/mplsetup.cfg
  export MPLSETUPCFG=/tmp/mplsetup.cfg
fi`;

/** Optional dependencies whose tests are expected to run. */
const XARRAY_PACKAGES = [
  ...['pytest', 'pytest-xdist', 'pytest-env', 'scipy', 'dask[complete]', 'bottleneck', 'cftime', 'sparse', 'pint'],
  ...[
    'zarr',
    'h5netcdf',
    'netcdf4',
    'numbagg',
    'numexpr',
    'toolz',
    'matplotlib',
    'seaborn',
    'nc-time-axis',
    'rasterio',
  ],
];

const RECIPES: Readonly<Record<string, RecipeSet>> = {
  'astropy/astropy': { extras: ['test'], before: [['4.0', { python: '3.6' }]] },
  'django/django': {
    python: '3.11',
    packages: [],
    requirements: ['tests/requirements/py3.txt'],
    without: ['pylibmc'],
    before: [
      ['5.0', { python: '3.9' }],
      ['4.1', { python: '3.8' }],
      ['4.0', { python: '3.6' }],
    ],
  },
  'marshmallow-code/marshmallow': { packages: ['pytest', 'simplejson', 'python-dateutil', 'pytz'], extras: ['tests'] },
  'matplotlib/matplotlib': {
    python: '3.11',
    requirements: ['requirements/testing/all.txt', 'requirements/testing/minimum.txt'],
    prepare: [MATPLOTLIB_LIBRARIES],
    before: [
      ['3.5', { python: '3.8' }],
      ['3.2', { python: '3.7' }],
    ],
  },
  'mwaskom/seaborn': { extras: ['dev', 'stats'] },
  'pallets/flask': {
    python: '3.11',
    packages: ['pytest', 'python-dotenv', 'asgiref', 'blinker'],
    before: [
      ['2.2', { python: '3.10' }],
      ['2.1', { python: '3.9' }],
    ],
  },
  'psf/requests': {
    packages: ['pytest', 'pytest-httpbin', 'pytest-mock', 'httpbin', 'trustme'],
    extras: ['socks'],
    before: [['2.8', { packages: ['pytest'] }]],
  },
  'pvlib/pvlib-python': { extras: ['test', 'optional'] },
  'pydata/xarray': {
    python: '3.10',
    packages: [...XARRAY_PACKAGES, 'numpy<1.24', 'pandas<1.6'],
    before: [['2022.0', { python: '3.9', packages: [...XARRAY_PACKAGES, 'numpy<1.21', 'pandas<1.2'] }]],
  },
  'pydicom/pydicom': { packages: ['pytest', 'numpy'], before: [['2.0', { python: '3.8' }]] },
  'pylint-dev/astroid': { packages: ['pytest', 'numpy', 'python-dateutil', 'attrs', 'six', 'nose'] },
  'pylint-dev/pylint': { packages: ['pytest', 'pytest-benchmark', 'py'], requirements: ['requirements_test_min.txt'] },
  'pytest-dev/pytest': {
    packages: ['attrs', 'hypothesis', 'nose', 'xmlschema', 'requests', 'mock', 'argcomplete', 'pygments'],
  },
  'pyvista/pyvista': { requirements: ['requirements_test.txt'] },
  'scikit-learn/scikit-learn': {
    packages: ['pytest', 'numpy', 'scipy', 'cython', 'pandas', 'joblib', 'threadpoolctl', 'matplotlib'],
    before: [['1.0', { python: '3.6' }]],
  },
  'sphinx-doc/sphinx': {
    packages: ['tox<4', 'tox-current-env'],
    extras: ['test'],
    prepare: [TOX_REPORTS_ALL],
  },
  'sqlfluff/sqlfluff': { packages: ['pytest', 'hypothesis'] },
  'sympy/sympy': { packages: ['mpmath'] },
};

/** `owner/name` of every repository that environments can be built for. */
export const RECIPE_REPOSITORIES: readonly string[] = Object.keys(RECIPES);

/** Undefined for repositories without a recipe. */
export function pythonRecipe(repo: string, version: string): PythonRecipe | undefined {
  const set = Object.hasOwn(RECIPES, repo) ? RECIPES[repo] : undefined;
  if (set === undefined) return undefined;
  const { before = [], ...own } = set;
  const changes = before.filter(([limit]) => isBefore(version, limit)).map(([, change]) => change);
  return Object.assign({}, DEFAULTS, own, ...changes) as PythonRecipe;
}

/** Packages that ran on an interpreter exist only some time after it: no earlier state of the index is of use. */
const EARLIEST: Readonly<Record<string, string>> = {
  '3.6': '2019-06-01',
  '3.7': '2019-10-01',
  '3.8': '2020-10-01',
  '3.9': '2021-04-01',
  '3.10': '2022-06-01',
  '3.11': '2023-05-01',
};

const MARGIN_DAYS = 30;

/** The state of the package index to install from, `YYYY-MM-DD`: a month after the commit, and not before the interpreter was in use. */
export function indexDate(python: string, commitSeconds: number): string {
  const after = new Date((commitSeconds + MARGIN_DAYS * 86_400) * 1000).toISOString().slice(0, 10);
  const earliest = EARLIEST[python] ?? '';
  return [after, earliest].sort()[1] ?? after;
}

/** What building the repository needs: `requires` of `[build-system]` in pyproject.toml and `setup_requires` of setup.cfg or setup.py; setuptools where none says anything. */
export function buildRequirements(pyproject: string, setupCfg: string, setupPy: string): string[] {
  const section = /^\[build-system\]\s*$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(pyproject)?.[1] ?? '';
  const requires = /^requires\s*=\s*\[([\s\S]*?)\]\s*(?:#.*)?$/m.exec(section)?.[1] ?? '';
  const configured = /^setup_requires\s*=[ \t]*((?:.*\n[ \t]+)*.*)/m.exec(setupCfg)?.[1] ?? '';
  const called = /setup_requires\s*=\s*\[([^\]]*)\]/.exec(setupPy)?.[1] ?? '';
  const names = [
    ...strings(requires),
    ...strings(called),
    ...configured.split(/[\n;]/).map((line) => line.replace(/#.*$/, '').trim()),
  ].filter((name) => name !== '' && !/[%{}]/.test(name));
  return names.length > 0 ? [...new Set(names)] : ['setuptools', 'wheel'];
}

/** String literals of a list in TOML or Python. */
function strings(list: string): string[] {
  return [...list.replace(/#.*$/gm, '').matchAll(/"([^"]+)"|'([^']+)'/g)].map((match) => match[1] ?? match[2] ?? '');
}
