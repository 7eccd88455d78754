/** Sizes a task folder may have. Generous for hand-made tasks, small enough to hold a whole set in memory. */
import type { TreeLimits } from './read-tree.ts';

const MIB = 1024 ** 2;

export const TASK_LIMITS = {
  taskFileBytes: MIB,
  issueBytes: MIB,
  imageBytes: 10 * MIB,
  images: 20,
  goldBytes: 16 * MIB,
  /** A fast-export stream is held in memory once while it is imported. */
  streamBytes: 256 * MIB,
  hidden: { files: 5_000, fileBytes: 16 * MIB, totalBytes: 64 * MIB } satisfies TreeLimits,
  sourceFolder: { files: 50_000, fileBytes: 64 * MIB, totalBytes: 256 * MIB } satisfies TreeLimits,
} as const;
