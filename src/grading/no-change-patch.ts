/**
 * Stands for "no change": it adds one empty file nobody reads. An empty patch would be judged without running anything; this way the tests run on the
 * unchanged repository.
 */
export const NO_CHANGE_PATCH = [
  'diff --git a/.assay-no-change b/.assay-no-change',
  'new file mode 100644',
  'index 0000000000000000000000000000000000000000..e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
  '',
].join('\n');
