/**
 * A small Python module in the environment's packages that says, over a file only this run knows, what really ran: processes that start and end in the ordinary way, and in pytest
 * every test with its outcome. Text that a program prints is no such evidence.
 */

export const EVIDENCE_NAME = 'assay_evidence';

/** `secret` opens every line of the file `path`. */
export function evidenceModule(secret: string, path: string): string {
  return `"""PYTEST_DONT_REWRITE"""
import atexit, os
_write_to, _secret = ${JSON.stringify(path)}, ${JSON.stringify(secret)}
_open, _write, _close, _getpid = os.open, os.write, os.close, os.getpid
_flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def _say(*words):
    line = " ".join([_secret, str(_getpid())] + [str(word).replace("\\n", " ") for word in words]) + "\\n"
    try:
        handle = _open(_write_to, _flags, 0o600)
        _write(handle, line.encode("utf-8", "backslashreplace"))
        _close(handle)
    except OSError:
        pass


_started_in = _getpid()
_say("start")
if "ASSAY_EVIDENCE" not in os.environ and "PYTEST_PLUGINS" not in os.environ:
    os.environ["PYTEST_PLUGINS"] = "${EVIDENCE_NAME}"


@atexit.register
def _end():
    if _getpid() == _started_in:
        _say("end")


def pytest_configure(config):
    os.environ["ASSAY_EVIDENCE"] = "1"
    if os.environ.get("PYTEST_PLUGINS") == "${EVIDENCE_NAME}":
        del os.environ["PYTEST_PLUGINS"]


def pytest_runtest_logreport(report):
    kind = "xfail" if hasattr(report, "wasxfail") and report.outcome == "skipped" else report.outcome
    _say("test", kind, report.when, report.nodeid)


def pytest_sessionfinish(session, exitstatus):
    _say("finish", int(exitstatus))
`;
}

export interface Evidence {
  /** Processes that started, in order; true when they also ended by themselves. */
  processes: Map<string, boolean>;
  /** pytest sessions that came to their end. */
  finished: number;
  /** Tests of which every phase passed (or failed as expected). */
  passed: number;
}

/** Lines without the secret are somebody else's. */
export function readEvidence(text: string, secret: string): Evidence {
  const processes = new Map<string, boolean>();
  const outcomes = new Map<string, boolean>();
  let finished = 0;
  for (const line of text.split('\n')) {
    const [head, pid = '', word, ...rest] = line.split(' ');
    if (head !== secret) continue;
    if (word === 'start' && !processes.has(pid)) processes.set(pid, false);
    else if (word === 'end') processes.set(pid, true);
    else if (word === 'finish') finished++;
    else if (word === 'test') {
      const [outcome, when, ...id] = rest;
      const name = id.join(' ');
      const good = outcome === 'passed' || outcome === 'xfail';
      if (when === 'call' || !good) outcomes.set(name, (outcomes.get(name) ?? true) && good);
    }
  }
  return { processes, finished, passed: [...outcomes.values()].filter(Boolean).length };
}
