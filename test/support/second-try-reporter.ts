/** Says at the end which tests passed only when they were tried again, and why they failed before: such a test, or what it tests, has a race. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SecondTryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules)
      for (const test of module.children.allTests()) {
        if (test.diagnostic()?.flaky !== true) continue;
        const errors = test.result().errors?.map(({ stack, message }) => stack ?? message) ?? [];
        process.stdout.write(
          `passed only when tried again: ${module.moduleId} > ${test.fullName}\n${errors.join('\n')}\n`,
        );
      }
  }
}
