/**
 * What a test needs from the machine. Missing: the test is skipped and the reason printed; under `ASSAY_REQUIRE=all` (CI) or a list of names it fails instead,
 * so that nothing is skipped silently where it could have been had. What another run of CI does is named by `ASSAY_LEAVE_OUT`.
 */
import { describe } from 'vitest';

/** `describe` that runs when `problem` is undefined; else skips with the reason, or fails when the requirement is demanded. */
export function describeRequiring(
  requirement: string,
  problem: string | undefined,
  title: string,
  body: () => void,
): void {
  if ((process.env.ASSAY_LEAVE_OUT ?? '').split(',').includes(requirement)) {
    console.error(`skipped: ${title}: ${requirement} is left out of this run by ASSAY_LEAVE_OUT`);
    describe.skip(`${title} (left out)`, body);
    return;
  }
  if (problem === undefined) {
    describe(title, body);
    return;
  }
  const demanded = (process.env.ASSAY_REQUIRE ?? '').split(',');
  if (demanded.includes('all') || demanded.includes(requirement)) {
    throw new Error(`${title}: ${requirement} is required here but missing: ${problem}`);
  }
  console.error(`skipped: ${title}: needs ${requirement}: ${problem}`);
  describe.skip(`${title} (needs ${requirement}: ${problem})`, body);
}
