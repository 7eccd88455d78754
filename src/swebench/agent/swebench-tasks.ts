/** Rows of a SWE-bench-like set as tasks that an agent can be set to. */
import { digestOf } from '../../base/digest.ts';
import { AssayError, type Dataset, type TaskInstance } from '../../contracts/index.ts';
import { datasetDigest } from '../../dataset/task-folder-source.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { requireRules } from '../evaluation/require-rules.ts';
import { SUITE_LIMITS } from '../suite-limits.ts';
import { languageOf } from './language-of.ts';

/** Of the tests of one instance, as in the reference. */
const TEST_SECONDS = 1800;

/** Throws `task-invalid` for a row without an issue, a script or a parser. */
export function swebenchDataset(reference: string, rows: readonly SwebenchInstance[]): Dataset {
  const instances = rows.map(taskOf);
  return { name: reference, reference, digest: datasetDigest(instances), instances };
}

function taskOf(row: SwebenchInstance): TaskInstance {
  const { instance_id: instanceId, problem_statement: problemStatement, base_commit: commit } = row;
  const command = requireRules(row);
  if (problemStatement === undefined) throw withoutIssue(instanceId);
  return {
    instanceId,
    // Nothing of it lies on this machine as files: the row is all there is.
    dir: '',
    problemStatement,
    images: [],
    hiddenFiles: [],
    task: {
      id: instanceId,
      title: problemStatement.trimStart().split('\n', 1)[0]?.trim() ?? instanceId,
      repo: row.repo,
      language: languageOf(row.patch),
      source: { git: row.repo, commit },
      gold: { patch: 'the patch of the row' },
      environment: {
        tools: [],
        setup: [],
        steps: [],
        env: {},
        ...(row.image === undefined ? {} : { image: row.image }),
      },
      grading: {
        command,
        parser: row.log_parser ?? '',
        failToPass: [...row.FAIL_TO_PASS],
        passToPass: [...row.PASS_TO_PASS],
        timeoutSeconds: TEST_SECONDS,
      },
      images: [],
      tags: [],
      limits: SUITE_LIMITS,
    },
    digest: digestOf({ ...row }),
  };
}

function withoutIssue(instanceId: string): AssayError {
  return new AssayError('task-invalid', `${instanceId} has no problem_statement: there is nothing to tell an agent`, {
    class: 'input',
    retryable: false,
  });
}
