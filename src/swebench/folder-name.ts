/** Names from files of others that become names of folders and parts of file names. */

/** Files are named by a model, a run and an ending; file systems take 255 bytes for all of them. */
export const MAX_NAME_BYTES = 200;

/** True for what names a folder right here: short enough, not empty, no path. */
export function isFolderName(name: string): boolean {
  return !['', '.', '..'].includes(name) && !/[/\0]/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** Of a long name the start, for messages. */
export function shortName(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}...` : name;
}
