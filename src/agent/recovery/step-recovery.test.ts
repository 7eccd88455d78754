import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentBench } from '../../../test/support/agent-bench.ts';
import { callPart, type DoubleLine, ModelDouble, textPart } from '../../../test/support/model-double.ts';
import { type AgentContext, AssayError, type RecordedStep } from '../../contracts/index.ts';
import { workTreeCheckpoints } from '../../run/work-tree-checkpoints.ts';
import { createTwoToolAgent } from '../two-tool-agent.ts';
import { HINTS } from './recovery.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => bench.close());

const bash = (command: string): DoubleLine => ({ content: [callPart(command, 'bash', { command })] });
const done: DoubleLine = { content: [textPart('done')] };
const agent = createTwoToolAgent({ recovery: { valueFall: 0.5, maxInterventions: 2 } });

/** The value is what the file `value` holds. */
const appraise: AgentContext['appraise'] = async () => {
  const text = existsSync(bench.path('value')) ? readFileSync(bench.path('value'), 'utf8') : '0';
  return { value: Number(text), cost: { kind: 'priced', usd: 0.002, table: 'test' } };
};

async function run(lines: readonly (DoubleLine | AssayError)[], more: Partial<AgentContext> = {}) {
  const model = new ModelDouble(lines);
  const checkpoints = workTreeCheckpoints(bench.sandbox, `${bench.sandbox.root}/checkpoints`);
  // The folder differs from sandbox to sandbox, which must not show in prompts.
  const workspace = { ...bench.workspace, workdir: '/w' };
  const outcome = await bench.run(agent, model, { checkpoints, workspace, ...more });
  return { outcome, requests: model.requests };
}

const interventions = () => bench.events.filter((event) => event.type === 'intervention');
const roles = (request: { messages: readonly { role: string }[] } | undefined) =>
  request?.messages.map((message) => message.role[0]).join('');

test('going in circles: files and conversation go back to before the circle, and the agent is told', async () => {
  const circle = bash('echo same > noise; cat noise');
  const { outcome, requests } = await run([
    bash('mkdir -p kept .hidden; echo 1 > kept/a; echo 2 > .hidden/b; chmod +x kept/a'),
    ...Array.from({ length: 4 }, () => circle),
    bash('ls; cat kept/a .hidden/b; test -x kept/a && echo executable'),
    done,
  ]);
  expect(outcome.status).toBe('done');
  expect(interventions()).toEqual([
    { type: 'intervention', step: 5, kind: 'rollback', reason: 'loop-repetition', toStep: 1, hint: HINTS.loop },
  ]);
  expect(bench.observations.at(-1)).toBe('kept\n1\n2\nexecutable');
  // First message, step 1 with its result, the hint: the circle is forgotten.
  expect(roles(requests[5])).toBe('uatu');
  expect(requests[5]?.messages.slice(0, 3)).toEqual(requests[1]?.messages);
});

test('an agent that destroys the kept states is told to think again, and the attempt goes on', async () => {
  const circle = bash(`rm -rf ${bench.sandbox.root}/checkpoints/objects; echo same > noise; cat noise`);
  const { outcome, requests } = await run([bash('echo 1 > kept'), ...Array.from({ length: 4 }, () => circle), done]);
  expect(outcome.status).toBe('done');
  expect(requests.at(-1)?.messages.at(-1)).toMatchObject({ role: 'user', content: [{ text: HINTS.stay }] });
});

test('a circle from the start has nothing to go back to: a hint, then counting begins anew', async () => {
  const circle = bash('true');
  const { outcome, requests } = await run([circle, circle, circle, circle, circle, done]);
  expect(outcome.status).toBe('done');
  expect(interventions()).toMatchObject([{ kind: 'hint', reason: 'loop-repetition', toStep: 4, hint: HINTS.stay }]);
  expect(roles(requests[4])).toBe('uatatatatu');
});

test('a repository that is destroyed is brought back when the value falls, its own .git untouched', async () => {
  const { outcome } = await run(
    [
      bash('git init -q . && mkdir src && echo code > src/a && echo 0.4 > value'),
      bash('echo better >> src/a; echo 0.9 > value; sleep 60 & echo started'),
      bash('cd src && rm -rf ../src ../value && ln -s nowhere ../src && cp -r ../.git ../copy.git'),
      bash('pwd; cat src/a value; ls -A'),
      done,
    ],
    { appraise },
  );
  expect(outcome.status).toBe('done');
  expect(interventions()).toMatchObject([{ step: 3, kind: 'rollback', reason: 'value-fall', toStep: 2 }]);
  expect(bench.observations.at(-1)).toBe(`${bench.workspace.workdir}\ncode\nbetter\n0.9\n.git\nsrc\nvalue`);
  const values = bench.events.flatMap((event) => (event.type === 'step-end' ? [event.value] : []));
  expect(values).toEqual([0.4, 0.9, 0, 0.9, 0.9]);
});

test('no more interventions than allowed, and none without a value', async () => {
  const fall = [
    bash('echo 0.9 > value'),
    bash('echo 0.1 > value'),
    bash('echo 0.2 > value'),
    bash('echo 0 > value'),
    done,
  ];
  await run(fall, { appraise });
  expect(interventions().map((event) => event.step)).toEqual([2, 3]);
  await bench.close();
  bench = new AgentBench();
  await run(fall, { appraise: async () => null });
  expect(interventions()).toEqual([]);
});

test('a resumed attempt is brought back where it was before, by what is recorded, and asks no critic again', async () => {
  const script = [
    bash('echo 0.9 > value; echo good > a'),
    bash('echo 0.1 > value; echo bad > a'),
    bash('cat a; echo 0.95 > value'),
    done,
  ];
  const whole = await run(script, { appraise });
  for (const cut of [2, 3]) {
    await bench.close();
    bench = new AgentBench();
    const gone = new AssayError('model-unreachable', 'gone', { class: 'model', retryable: true });
    await run([...script.slice(0, cut), gone], { appraise });
    const recorded: RecordedStep[] = bench.recorded;
    await bench.close();
    bench = new AgentBench();
    let asked = 0;
    const counted: AgentContext['appraise'] = async (conversation) => {
      asked++;
      return (await appraise?.(conversation)) ?? null;
    };
    const { requests, outcome } = await run(script.slice(cut), { appraise: counted, recorded });
    expect(outcome.status).toBe('done');
    expect(requests.map((request) => request.messages)).toEqual(
      whole.requests.slice(cut).map((request) => request.messages),
    );
    expect(asked).toBe(script.length - cut);
    expect(readFileSync(bench.path('a'), 'utf8')).toBe('good\n');
  }
});

test('where nothing can be kept, the agent is told instead of being brought back', async () => {
  const { outcome } = await run(
    [
      bash(`rm -rf ${bench.sandbox.root}/checkpoints; touch ${bench.sandbox.root}/checkpoints; echo 0.9 > value`),
      bash('echo 0.1 > value'),
      bash('cat value'),
      done,
    ],
    { appraise },
  );
  expect(outcome.status).toBe('done');
  expect(interventions()[0]).toMatchObject({ step: 2, kind: 'hint', reason: 'value-fall', hint: HINTS.stay });
  expect(bench.observations.at(-1)).toBe('0.1');
});

test('repositories inside of the work tree, empty folders and modes come back as they were', async () => {
  const git = 'git -c user.name=A -c user.email=a@example.com';
  const { outcome } = await run(
    [
      bash(
        `git init -q old && cd old && echo one > a && git add a && ${git} commit -q -m one && cd .. && git init -q bare && ` +
          'mkdir -p plain empty/inner && echo x > plain/x && echo s > secret && chmod 600 secret && chmod 700 empty && echo 0.9 > value',
      ),
      bash(
        `cd old && echo two > a && ${git} commit -q -a -m two && cd .. && git init -q new && git init -q plain && rm -rf empty bare && ` +
          'chmod 644 secret && echo 0.1 > value',
      ),
      bash('git -C old log --format=%s; cat old/a; ls -A . bare empty plain; stat -c "%a %n" secret empty empty/inner'),
      done,
    ],
    { appraise },
  );
  expect(outcome.status).toBe('done');
  expect(interventions()).toMatchObject([{ step: 2, kind: 'rollback', toStep: 1 }]);
  const listed = ['.:', 'bare', 'empty', 'old', 'plain', 'secret', 'value', '', 'bare:', '.git', '', 'empty:', 'inner'];
  const modes = ['600 secret', '700 empty', '755 empty/inner'];
  expect(bench.observations.at(-1)?.split('\n')).toEqual(['one', 'one', ...listed, '', 'plain:', 'x', ...modes]);
});

test('without recovery there are no checkpoints and no values', async () => {
  const outcome = await bench.run(createTwoToolAgent(), new ModelDouble([bash('true'), done]), {
    appraise: async () => {
      throw new Error('must not be asked');
    },
    checkpoints: {
      save: async () => {
        throw new Error('must not be saved');
      },
      restore: async () => {},
    },
  });
  expect(outcome.status).toBe('done');
});
