/** Bash programs that build the layers of an instance: installer, interpreter with test tools, history, repository. Each is a whole step; `set -e` is in force. */

import { shellWord } from '../../base/shell-word.ts';
import type { PythonRecipe } from './python-recipe.ts';

export const TESTBED = '/testbed';
export const CONDA_ROOT = '/opt/miniconda3';
export const ENV_FOLDER = `${CONDA_ROOT}/envs/testbed`;

const UV_VERSION = '0.13.8';
const UV = '/opt/assay/uv/bin/uv';

/** What `source /opt/miniconda3/bin/activate; conda activate testbed` of the published scripts has to find. Works under `set -u` and `set -e`, as often as one likes. */
const ACTIVATE = `# Stands in for conda: one environment, made with venv.
conda() {
  case "\${1:-}" in
    activate)
      export CONDA_DEFAULT_ENV=testbed CONDA_PREFIX=${ENV_FOLDER} VIRTUAL_ENV=${ENV_FOLDER}
      case ":$PATH:" in
        *:${ENV_FOLDER}/bin:*) ;;
        *) export PATH="${ENV_FOLDER}/bin:$PATH" ;;
      esac ;;
    deactivate)
      unset CONDA_DEFAULT_ENV CONDA_PREFIX VIRTUAL_ENV
      PATH=":$PATH:"; PATH="\${PATH//:${ENV_FOLDER.replaceAll('/', '\\/')}\\/bin:/:}"; PATH="\${PATH#:}"; export PATH="\${PATH%:}" ;;
    env | info | list) echo "testbed  ${ENV_FOLDER}" ;;
    *) echo "conda $*: not available in this environment" >&2; return 1 ;;
  esac
}
`;

const INDEX = `export UV_DEFAULT_INDEX="\${PIP_INDEX_URL:-https://pypi.org/simple}" UV_NO_CACHE=1 UV_LINK_MODE=copy UV_NO_CONFIG=1
export UV_HTTP_TIMEOUT=180
`;

/** Equal for all instances. */
export const INSTALLER_STEP = `python3 -m venv /opt/assay/uv
/opt/assay/uv/bin/pip install -q --no-cache-dir uv==${UV_VERSION}
${UV} --version
`;

/** Packages whose old versions were taken away and put up again later: for these the date does not count. */
const REPUBLISHED = ['atomicwrites=2023-01-01'].map((one) => `--exclude-newer-package ${one}`).join(' ');

export interface PackageSource {
  /** Path of an interpreter that every sandbox has, to make a venv with; undefined where the environment has an interpreter of its own. */
  interpreter: string | undefined;
  /** \`YYYY-MM-DD\`: packages published later do not exist. */
  indexDate: string;
}

/**
 * stdin: a tar archive of what lies in the interpreter's folder. It becomes the environment itself, a whole interpreter as with conda: links to it from elsewhere (tox makes such)
 * find their packages, which those of a venv do not. Equal for all instances of one interpreter.
 */
export function interpreterStep(prefix: string): string {
  return `mkdir -p ${ENV_FOLDER} ${prefix}
tar -x -f - -C ${ENV_FOLDER} --no-same-owner
# Where its programs look for their shared library.
ln -s ${ENV_FOLDER}/lib ${prefix}/lib
`;
}

/** Equal for all instances of one interpreter, date and set of packages. */
export function pythonStep(recipe: PythonRecipe, source: PackageSource): string {
  const packages = ['pip', 'setuptools', 'wheel', ...recipe.packages].map(shellWord).join(' ');
  return `${INDEX}mkdir -p ${CONDA_ROOT}/bin
${source.interpreter === undefined ? `ln -sf python${recipe.python} ${ENV_FOLDER}/bin/python` : `${UV} venv -q -p ${source.interpreter} ${ENV_FOLDER}`}
${UV} pip install -p ${ENV_FOLDER}/bin/python --exclude-newer ${source.indexDate} ${REPUBLISHED} ${packages}
cat > ${CONDA_ROOT}/bin/activate <<'END_OF_ACTIVATE'
${ACTIVATE}END_OF_ACTIVATE
`;
}

/** stdin: lines \`ref object\`, an empty line, a pack. Makes the repository, or adds to it. */
const RECEIVE_PACK = `refs=()
while IFS= read -r line && [ -n "$line" ]; do refs+=("$line"); done
[ -d .git ] || git init -q --template= -b main .
git index-pack --stdin --fix-thin > /dev/null
for ref in "\${refs[@]}"; do git update-ref "\${ref% *}" "\${ref#* }"; done
`;

export const HISTORY_STEP = `cd ${TESTBED}
${RECEIVE_PACK}`;

export interface RepositoryInput extends PackageSource {
  baseCommit: string;
  /** Of the build system. */
  buildRequirements: readonly string[];
}

const IDENTITY = '-c user.name=SWE-bench -c user.email=setup@swebench.config';

/** Prints what the installed repository requires, with the extras named. Its own metadata counts: installers differ in which version numbers and old forms they accept. */
const LIST_DEPENDENCIES = `import sys, pkg_resources
def is_ours(dist):
    if (dist.location or "").startswith("${TESTBED}"): return True
    return dist.has_metadata("direct_url.json") and "${TESTBED}" in dist.get_metadata("direct_url.json")
for dist in pkg_resources.working_set:
    if is_ours(dist):
        for requirement in dist.requires([extra for extra in sys.argv[1:] if extra in dist.extras]):
            requirement.marker = None
            print(requirement)
`;

/** The work tree at the base commit, its dependencies as of the date, itself installed, and one commit on top where that changed files. */
export function repositoryStep(recipe: PythonRecipe, input: RepositoryInput): string {
  const install = `${UV} pip install -p ${ENV_FOLDER}/bin/python --exclude-newer ${input.indexDate} ${REPUBLISHED}`;
  const files = recipe.requirements.map((file) => requirementsCommand(file, recipe.without, install)).join('\n');
  // It takes numpy back to an old one: what needs a newer one gets that again once all is compiled.
  const takesNumpyBack = input.buildRequirements.some((name) => name.startsWith('oldest-supported-numpy'));
  const again = takesNumpyBack ? ` ${recipe.packages.map(shellWord).join(' ')}` : '';
  return `${INDEX}cd ${TESTBED}
${RECEIVE_PACK}git update-ref refs/heads/main ${input.baseCommit}
git reset -q --hard main
${recipe.prepare.join('\n')}
source ${CONDA_ROOT}/bin/activate
conda activate testbed
${files}
${install} ${input.buildRequirements.map(shellWord).join(' ')}
python -m pip install --no-deps --no-build-isolation -e .
python -c ${shellWord(LIST_DEPENDENCIES)} ${recipe.extras.map(shellWord).join(' ')} > /tmp/dependencies.txt
${install} -r /tmp/dependencies.txt${again}
git add -A
git diff --cached --quiet || git ${IDENTITY} commit -q -m SWE-bench
git status --short
`;
}

/** Installs a requirements file without the lines that name the repository itself or what is left out; the copy lies beside it because such files include each other. */
function requirementsCommand(file: string, without: readonly string[], install: string): string {
  const copy = `${file.slice(0, file.lastIndexOf('/') + 1)}.assay-requirements.txt`;
  const unwanted = ['-e', '--editable', '\\.($|\\[)', ...without.map((name) => `${name}($|[^[:alnum:]_-])`)].join('|');
  return `if [ -f ${shellWord(file)} ]; then
  sed -E '/^ *(${unwanted})/d' ${shellWord(file)} > ${shellWord(copy)}
  ${install} -r ${shellWord(copy)}
  rm ${shellWord(copy)}
fi`;
}
