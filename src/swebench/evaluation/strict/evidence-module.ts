/**
 * A small Python module in the environment's packages that says, over a file only this run knows, what really ran: processes that start and end in the ordinary way, and in pytest
 * every test with its outcome. Text that a program prints is no such evidence.
 */

export const EVIDENCE_NAME = 'assay_evidence';

export interface EvidenceOptions {
  /** Opens every line. */
  secret: string;
  /** The file the lines go to. */
  path: string;
  /** Where the code under test lies. */
  workdir: string;
  /** Modules of tests, absolute: reading them is the runner's business, not that of the code under test. */
  testModules: readonly string[];
}

/** The module's text; Python 2.7 and later can read it. */
export function evidenceModule({ secret, path, workdir, testModules }: EvidenceOptions): string {
  return `"""PYTEST_DONT_REWRITE"""
import atexit, os, sys
_write_to, _secret = ${JSON.stringify(path)}, ${JSON.stringify(secret)}
_workdir, _tests = ${JSON.stringify(`${workdir}/`)}, set(${JSON.stringify(testModules)})
_open, _write, _close, _getpid = os.open, os.write, os.close, os.getpid
_flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_packages = os.path.dirname(os.path.abspath(__file__))


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


def _key_functions():
    import unittest.case
    import _pytest.python, _pytest.reports, _pytest.runner
    owners = {
        "Function": _pytest.python.Function,
        "TestReport": _pytest.reports.TestReport,
        "CallInfo": _pytest.runner.CallInfo,
        "runner": _pytest.runner,
        "python": _pytest.python,
        "TestCase": unittest.case.TestCase,
        "builtins": sys.modules["builtins"],
    }
    found = {}
    for owner, thing in owners.items():
        for name, value in list(vars(thing).items()):
            value = getattr(value, "__func__", value)
            if callable(value) and not name.startswith("__"):
                found[owner + "." + name] = (value, getattr(value, "__code__", None))
    return found


def _watch_reading():
    def watch(event, arguments):
        if event != "open" or not arguments or str(arguments[0]) not in _tests:
            return
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(_workdir):
                if name not in _tests and "/tests/" not in name and "/testing/" not in name:
                    _say("read", name)
                return
            if name.startswith(_packages) or name.startswith("<frozen importlib"):
                return
            if os.path.basename(name) in ("traceback.py", "warnings.py"):
                return  # lines of the test are shown, not read
            frame = frame.f_back

    if hasattr(sys, "addaudithook") and _tests:
        sys.addaudithook(watch)


_before = {}


def pytest_configure(config):
    os.environ["ASSAY_EVIDENCE"] = "1"
    if os.environ.get("PYTEST_PLUGINS") == "${EVIDENCE_NAME}":
        del os.environ["PYTEST_PLUGINS"]
    if not _before:
        _before.update(_key_functions())
        _watch_reading()


def pytest_runtest_logreport(report):
    kind = "xfail" if hasattr(report, "wasxfail") and report.outcome == "skipped" else report.outcome
    _say("test", kind, report.when, report.nodeid)


def pytest_sessionfinish(session, exitstatus):
    for name, value in _key_functions().items():
        if name in _before and _before[name] != value:
            _say("changed", name)
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
  /** Functions of the runner that something replaced while tests ran. */
  changed: string[];
  /** Source files of the code under test that read tests. */
  readers: string[];
}

/** Lines without the secret are somebody else's. */
export function readEvidence(text: string, secret: string): Evidence {
  const processes = new Map<string, boolean>();
  const outcomes = new Map<string, boolean>();
  const changed = new Set<string>();
  const readers = new Set<string>();
  let finished = 0;
  for (const line of text.split('\n')) {
    const [head, pid = '', word, ...rest] = line.split(' ');
    if (head !== secret) continue;
    if (word === 'start' && !processes.has(pid)) processes.set(pid, false);
    else if (word === 'end') processes.set(pid, true);
    else if (word === 'finish') finished++;
    else if (word === 'changed') changed.add(rest.join(' '));
    else if (word === 'read') readers.add(rest.join(' '));
    else if (word === 'test') {
      const [outcome, when, ...id] = rest;
      const name = id.join(' ');
      const good = outcome === 'passed' || outcome === 'xfail';
      if (when === 'call' || !good) outcomes.set(name, (outcomes.get(name) ?? true) && good);
    }
  }
  const passed = [...outcomes.values()].filter(Boolean).length;
  return { processes, finished, passed, changed: [...changed], readers: [...readers] };
}
