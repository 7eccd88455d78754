/**
 * What an agent's tools and the grader work with: a shell session and files in one sandbox. Built on `Sandbox.spawn` alone
 * (`src/sandbox/`), injected into tools so that they never know which backend they run on.
 */
export interface ShellResult {
  /** Merged stdout and stderr in order of arrival, decoded as UTF-8 (bad bytes become U+FFFD); head and tail only when long. */
  output: string;
  /** Null when the command did not finish (timeout, shell died). */
  exitCode: number | null;
  /** Bytes the command printed in all; `cutBytes` of them are not in `output`. */
  outputBytes: number;
  cutBytes: number;
  /** Where the whole output lies in the sandbox when it was cut, else undefined. */
  fullOutputPath?: string;
  status: 'finished' | 'timeout' | 'shell-exited' | 'sandbox-died';
  durationMs: number;
}

export interface ShellRunOptions {
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

/** One persistent bash. Calls are serialised. */
export interface ShellSession {
  /**
   * Runs a command (any text, also several lines) and waits. cwd, variables, functions and background jobs last to the next call.
   * After `timeout` or `shell-exited` the next call starts a new shell by itself only when `autoRestart` was asked; else call `restart`.
   * Never throws for what the command does.
   */
  run(command: string, options?: ShellRunOptions): Promise<ShellResult>;
  /** Kills the shell and its descendants, starts a new one in the workdir. */
  restart(): Promise<void>;
  /** False after a timeout or exit, until `restart`. */
  readonly alive: boolean;
  close(): Promise<void>;
}

export interface FileStat {
  kind: 'file' | 'directory' | 'symlink' | 'other';
  size: number;
  mode: number;
}

/** Files inside the sandbox. Paths are absolute. Throws `AssayError` `sandbox-file` with `details.errno` such as ENOENT, EISDIR, EACCES. */
export interface WorkspaceFiles {
  read(path: string, options?: { maxBytes?: number }): Promise<Buffer>;
  /** Atomic (temporary file + rename), creates parent directories, keeps the mode of an existing file. */
  write(path: string, content: Buffer | string, options?: { mode?: number }): Promise<void>;
  /** Follows symlinks; null when nothing is there. */
  stat(path: string): Promise<FileStat | null>;
  /** Entries up to `depth` levels below, sorted, hidden ones left out unless asked; directories end with `/`. */
  list(path: string, options?: { depth?: number; hidden?: boolean; limit?: number }): Promise<string[]>;
  /** Unpacks a tar stream below `directory`. */
  putArchive(directory: string, tar: Buffer): Promise<void>;
}

export interface Workspace {
  readonly workdir: string;
  readonly shell: ShellSession;
  readonly files: WorkspaceFiles;
}
