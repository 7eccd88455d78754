/**
 * The two-tool agent: a prompt, `bash`, an edit tool, and a loop until the model stops calling tools or a limit ends it.
 */
import { digestOf } from '../base/digest.ts';
import { type Agent, type AgentContext, type AgentOutcome, toFailure, type UserMessage } from '../contracts/index.ts';
import { AgentLoop } from './agent-loop.ts';
import { Conversation } from './conversation.ts';
import { SAYINGS } from './judge-reply.ts';
import { type PromptTemplate, promptTemplate } from './prompt-template.ts';
import { HINTS, type RecoveryOptions } from './recovery/recovery.ts';
import { createToolSet, type ToolTypes, toolTypesFor } from './tool-set.ts';
import type { EditToolType } from './tools/edit-tool-spec.ts';
import { createUserTool, USER_TOOL_SPEC } from './tools/user-tool.ts';

export interface TwoToolAgentOptions {
  /** Text of a prompt template; the built-in one when not given. */
  prompt?: string;
  /** Tokens of one reply. Default 16,384. */
  maxOutputTokens?: number;
  /** The provider's default when not given. */
  temperature?: number;
  /** The edit tool's type, with the bash type that goes with it; by model id when not given. */
  editTool?: EditToolType;
  /** Bring the agent back when it goes in circles or a critic's value falls. Never when not given. */
  recovery?: RecoveryOptions;
}

/** Throws `config-invalid` for a prompt template that cannot be used. One agent may run any number of attempts at once. */
export function createTwoToolAgent(options: TwoToolAgentOptions = {}): Agent {
  const template = promptTemplate(options.prompt);
  const parameters = {
    maxOutputTokens: options.maxOutputTokens ?? 16_384,
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
  };
  const toolTypes = (modelId: string): ToolTypes =>
    options.editTool === undefined ? toolTypesFor(modelId) : { edit: options.editTool, native: true };
  const newest = [...createToolSet(toolTypes('')).values()].map((tool) => tool.spec);

  return {
    name: 'two-tool',
    digest: digestOf({
      prompt: template.text,
      sayings: SAYINGS,
      tools: [...newest, USER_TOOL_SPEC],
      toolTypes: options.editTool ?? 'by model',
      parameters,
      ...(options.recovery === undefined ? {} : { recovery: { ...options.recovery, hints: HINTS } }),
    }),

    async run(context: AgentContext): Promise<AgentOutcome> {
      try {
        const tools = createToolSet(toolTypes(context.model.standsFor ?? context.model.id));
        if (context.userTool !== undefined) tools.set(USER_TOOL_SPEC.name, createUserTool(context.userTool));
        const fixed = { tools: [...tools.values()].map((tool) => tool.spec), ...parameters };
        const { system, first } = openingOf(template, context);
        if (!(context.opened ?? context.recorded.length > 0))
          await context.emit({ type: 'prompt-start', system, firstMessage: first, fixed });
        return await new AgentLoop(
          context,
          tools,
          new Conversation({ system, ...fixed }, first),
          options.recovery,
        ).run();
      } catch (thrown) {
        return { status: 'failed', steps: context.recorded.length, failure: toFailure(thrown) };
      }
    },
  };
}

/** System prompt and first message of an attempt: the issue, and its images behind it. */
function openingOf(template: PromptTemplate, context: AgentContext): { system: string; first: UserMessage } {
  const { system, firstMessage } = template.fill({
    problem_statement: context.problemStatement,
    workdir: context.workspace.workdir,
    base_commit: context.baseCommit,
  });
  const images = context.images.map((image) => ({
    type: 'image' as const,
    mediaType: image.mediaType,
    data: image.data.toString('base64'),
  }));
  return { system, first: { role: 'user', content: [{ type: 'text', text: firstMessage }, ...images] } };
}
