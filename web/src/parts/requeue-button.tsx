import { sendControl } from '../data/send-control.ts';
import { useAction } from '../data/use-action.ts';
import { runHref } from '../route.ts';
import { Problem } from './problem.tsx';

interface RequeueButtonProps {
  runId: string;
  instances: readonly string[];
  words: string;
}

/** Attempts instances again in a run of its own, and goes there. What was judged stays as it is. */
export function RequeueButton({ runId, instances, words }: RequeueButtonProps) {
  const action = useAction();
  const requeue = async () => {
    const made = await sendControl('requeue', { runId, instances: [...instances] });
    location.hash = runHref(made.runId);
  };
  return (
    <>
      <button
        type="button"
        disabled={action.busy || instances.length === 0}
        title="A new run with the same model, prompt and limits; the verdicts here stay as they are"
        onClick={() => action.run(requeue)}
      >
        {action.busy ? 'Starting…' : words}
      </button>
      {action.error !== null && <Problem error={action.error} />}
    </>
  );
}
