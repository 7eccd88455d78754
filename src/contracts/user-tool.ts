/** A simulated user who tries the application of a task on the agent's behalf, outside of the agent's sandbox. */

export interface UserVisit {
  /** What the user did and saw, line by line; says nothing about whether the hidden tests would pass. */
  log: string;
  screenshots: { name: string; mediaType: string; data: Buffer }[];
}

export interface UserTool {
  /** How many visits one attempt has. */
  readonly visits: number;
  /**
   * Tries the application as the agent's work tree makes it now, on a copy. An application that does not start or answer is in the log. Throws
   * `limit-steps` when no visit is left, `cancelled`, and what sandboxes throw. The agent's sandbox is only read.
   */
  visit(signal: AbortSignal): Promise<UserVisit>;
}
