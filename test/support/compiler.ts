/** Tests of the agent in containers need a compiler that makes static programs. */
import { agentBinary } from '../../src/sandbox/docker/agent-binary.ts';

export const hostArch = process.arch === 'arm64' ? 'arm64' : 'x64';

/** The agent for this machine, kept in the folder, or why there is none. */
export async function compiledAgent(
  folder: string,
): Promise<{ agent: Buffer; problem?: undefined } | { problem: string }> {
  if (process.platform !== 'linux') return { problem: 'the agent runs on Linux only' };
  try {
    return { agent: await agentBinary(folder, hostArch) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
