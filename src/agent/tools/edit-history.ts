/** What `undo_edit` can take back: the last edits of each file, with a check that the file is still as the edit left it. */
import { sha256 } from '../../base/digest.ts';

/** Edits of one file that can be taken back, the oldest forgotten first. */
const DEPTH = 10;

interface Edit {
  before: Buffer;
  afterDigest: string;
}

export class EditHistory {
  private readonly edits = new Map<string, Edit[]>();

  remember(path: string, before: Buffer, after: Buffer): void {
    const edits = this.edits.get(path) ?? [];
    this.edits.set(path, [...edits, { before, afterDigest: sha256(after) }].slice(-DEPTH));
  }

  has(path: string): boolean {
    return (this.edits.get(path)?.length ?? 0) > 0;
  }

  /** The content before the last edit; undefined when the file is no longer what that edit made of it. */
  before(path: string, now: Buffer): Buffer | undefined {
    const last = this.edits.get(path)?.at(-1);
    return last?.afterDigest === sha256(now) ? last.before : undefined;
  }

  /** Forgets the last edit, once it is taken back. */
  forgetLast(path: string): void {
    this.edits.get(path)?.pop();
  }
}
