/** Runs an agent over real bash and real files without isolation, and keeps what it emitted. Trusted commands only. */
import {
  type Agent,
  type AgentContext,
  type AgentEvent,
  type AgentOutcome,
  agentEventSchema,
  interventionSchema,
  type Model,
  type RecordedStep,
  type Workspace,
} from '../../src/contracts/index.ts';
import { openWorkspace } from '../../src/sandbox/workspace.ts';
import { HostSandbox } from './host-sandbox.ts';

export class AgentBench {
  readonly sandbox = new HostSandbox();
  readonly workspace: Workspace = openWorkspace(this.sandbox, { outputFolder: `${this.sandbox.root}/output` });
  readonly events: AgentEvent[] = [];

  path(name: string): string {
    return `${this.workspace.workdir}/${name}`;
  }

  run(agent: Agent, model: Model, more: Partial<AgentContext> = {}): Promise<AgentOutcome> {
    return agent.run({
      attemptKey: 'run/instance/1',
      problemStatement: 'It prints $& and {{workdir}}.',
      images: [],
      workspace: this.workspace,
      baseCommit: 'abc123',
      model,
      limits: { steps: 20, wallSeconds: 60, commandSeconds: 10 },
      recorded: [],
      emit: async (event) => {
        this.events.push(agentEventSchema.parse(structuredClone(event)));
      },
      signal: new AbortController().signal,
      shouldPause: () => false,
      ...more,
    });
  }

  /** What the model was told by its tools, in order. */
  get observations(): string[] {
    return this.toolEnds.map(({ result }) =>
      result.content.map((part) => (part.type === 'text' ? part.text : part.mediaType)).join('\n'),
    );
  }

  get toolEnds() {
    return this.events.filter((event) => event.type === 'tool-end');
  }

  /** The durable steps that the emitted events hold, as a runner would fold them for a resume. */
  get recorded(): RecordedStep[] {
    return this.events
      .filter((event) => event.type === 'reply-end')
      .map(({ step, reply }) => ({
        step,
        reply,
        results: this.toolEnds.filter((end) => end.step === step).map((end) => end.result),
        ...this.afterwards(step),
      }));
  }

  private afterwards(step: number): Pick<RecordedStep, 'value' | 'intervention'> {
    const end = this.events.find((event) => event.type === 'step-end' && event.step === step);
    const met = this.events.find((event) => event.type === 'intervention' && event.step === step);
    return {
      ...(end?.type === 'step-end' && end.value !== undefined ? { value: end.value } : {}),
      ...(met?.type === 'intervention' ? { intervention: interventionSchema.parse(met) } : {}),
    };
  }

  async close(): Promise<void> {
    await this.workspace.shell.close();
    await this.sandbox.destroy();
  }
}
