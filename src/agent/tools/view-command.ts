/** The command `view`: a file with line numbers, an image as an image, a directory two levels deep. */

import { type ImageInfo, imageInfo } from '../../base/image-info.ts';
import type { WorkspaceFiles } from '../../contracts/index.ts';
import { countLines } from './edit-text.ts';
import { numberedView } from './numbered-view.ts';
import { errorOutcome, type ToolOutcome, textOutcome } from './tool.ts';

/** Largest file that is viewed or edited as text. */
export const MAX_FILE_BYTES = 1024 ** 2;
/** In base64 this is 5 MiB, the least that a provider takes as one image. */
const MAX_IMAGE_BYTES = (5 * 1024 ** 2 * 3) / 4;
/** Pixels of a side that every provider takes. */
const MAX_IMAGE_SIDE = 8_000;
const MAX_ENTRIES = 1_000;

/** Answers for any path; throws `sandbox-file` for what the file system refuses. */
export async function viewPath(
  path: string,
  range: readonly number[] | undefined,
  files: WorkspaceFiles,
): Promise<ToolOutcome> {
  const stat = await files.stat(path);
  if (stat === null) return errorOutcome(`The path ${path} does not exist. Please provide a valid path.`);
  if (stat.kind === 'directory') return viewDirectory(path, range, files);
  if (stat.kind !== 'file') return errorOutcome(`${path} is not a regular file or directory.`);
  if (stat.size > MAX_IMAGE_BYTES) return tooLarge(path, stat.size);
  const bytes = await files.read(path, { maxBytes: MAX_IMAGE_BYTES });
  const image = imageInfo(bytes);
  if (image !== undefined) return viewImage(path, bytes, image);
  if (isBinary(bytes))
    return errorOutcome(`${path} is a binary file (${bytes.length} bytes) and cannot be shown as text.`);
  if (bytes.length > MAX_FILE_BYTES) return tooLarge(path, bytes.length);
  return viewText(path, bytes.toString('latin1'), range);
}

/** A NUL among the first bytes, as git decides it. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8_000).includes(0);
}

function viewText(path: string, content: string, asked: readonly number[] | undefined): ToolOutcome {
  const count = countLines(content);
  const range = asked === undefined ? ([1, count] as const) : checkedRange(asked, count);
  return typeof range === 'string'
    ? errorOutcome(`Invalid \`view_range\`: ${range}`)
    : textOutcome(numberedView(content, path, range[0], range[1]));
}

/** The range to show (an end behind the last line is taken as the last line), or what is wrong with the one that was asked for. */
function checkedRange(range: readonly number[], count: number): readonly [number, number] | string {
  const [from, to] = range;
  const shown = `[${range.join(', ')}].`;
  if (range.length !== 2 || from === undefined || to === undefined || !range.every(Number.isInteger))
    return `${shown} It should be a list of two integers.`;
  if (from < 1 || from > Math.max(1, count))
    return `${shown} Its first element \`${from}\` should be within the range of lines of the file: [1, ${count}].`;
  if (to !== -1 && to < from)
    return `${shown} Its second element \`${to}\` should be larger or equal than its first \`${from}\`, or -1 for the end.`;
  return [from, to === -1 ? count : Math.min(to, count)];
}

function viewImage(path: string, bytes: Buffer, image: ImageInfo): ToolOutcome {
  if (image.size === null) return errorOutcome(`${path} begins like an image (${image.mediaType}) but is damaged.`);
  const { width, height } = image.size;
  if (Math.max(width, height) > MAX_IMAGE_SIDE) {
    return errorOutcome(
      `The image ${path} has ${width} x ${height} pixels; at most ${MAX_IMAGE_SIDE} a side can be shown. Make a smaller copy and view that.`,
    );
  }
  return {
    content: [
      { type: 'text', text: `The image ${path} (${image.mediaType}, ${width} x ${height} pixels):` },
      { type: 'image', mediaType: image.mediaType, data: bytes.toString('base64') },
    ],
    isError: false,
  };
}

async function viewDirectory(
  path: string,
  range: readonly number[] | undefined,
  files: WorkspaceFiles,
): Promise<ToolOutcome> {
  if (range !== undefined)
    return errorOutcome('The `view_range` parameter is not allowed when `path` points to a directory.');
  const entries = await files.list(path, { depth: 2, limit: MAX_ENTRIES });
  const lines = [
    `Here's the files and directories up to 2 levels deep in ${path}, excluding hidden items:`,
    path,
    ...entries,
    ...(entries.length >= MAX_ENTRIES ? [`<response clipped> Only ${MAX_ENTRIES} entries are shown.`] : []),
  ];
  return textOutcome(lines.join('\n'));
}

function tooLarge(path: string, size: number): ToolOutcome {
  return errorOutcome(
    `${path} has ${size} bytes, too many to view; use bash to look at a part of it, e.g. \`sed -n 10,25p\`.`,
  );
}
