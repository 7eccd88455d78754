/** The `try_app` tool: somebody uses the application and tells what they saw, with screenshots. There for tasks that have such a user. */
import { AssayError, type ToolSpec, type UserTool, type UserVisit } from '../../contracts/index.ts';
import { errorOutcome, type Tool, type ToolOutcome } from './tool.ts';

export const USER_TOOL_SPEC: ToolSpec = {
  name: 'try_app',
  description: `Asks a user to try the application with your changes as they are now.
* The user works on a copy: nothing in your sandbox changes, and no server has to run there.
* You get back what the user did and saw, and screenshots. The user does not judge whether the issue is solved.
* It takes up to some minutes, and there are only a few visits per task: change first, then ask.`,
  inputSchema: { type: 'object', properties: {} },
};

export function createUserTool(user: UserTool): Tool {
  return {
    spec: USER_TOOL_SPEC,
    async run(_input, { signal }) {
      try {
        return outcomeOf(await user.visit(signal));
      } catch (error) {
        if (error instanceof AssayError && error.code === 'limit-steps') return errorOutcome(error.message);
        throw error;
      }
    },
  };
}

function outcomeOf({ log, screenshots }: UserVisit): ToolOutcome {
  const images = screenshots.map(({ mediaType, data }) => ({
    ...{ type: 'image' as const, mediaType },
    data: data.toString('base64'),
  }));
  return { content: [{ type: 'text', text: log }, ...images], isError: false };
}
